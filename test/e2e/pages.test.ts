// The pages in a real browser, on a real gateway: they work, they ask nobody else, and nothing
// complains on the console.

import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openPage, pageTest, type Watched } from "../support/browser.ts";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/port.ts";

let gateway: GatewayProcess;
let browser: Browser | undefined;
const watched: Watched[] = [];

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
}, 90_000);

// A page that is left open goes on reading, and takes from the others.
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
}, 30_000);

async function open(path: string, options?: Parameters<typeof openPage>[2]): Promise<Page> {
  const one = await openPage(browser, gateway.url, options);
  watched.push(one);
  await one.page.goto(gateway.url + path, { waitUntil: "commit" });
  return one.page;
}

async function makeEmitter(id: string, body: object): Promise<void> {
  const response = await fetch(`${gateway.url}/log/${id}`, {
    method: "PUT",
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
}

async function append(id: string, ...messages: string[]): Promise<void> {
  const body = JSON.stringify(messages.map((message) => ({ level: "INFO", message })));
  const response = await fetch(`${gateway.url}/log/${id}`, { method: "POST", body });
  expect(response.status).toBe(200);
}

describe("/livedoc", () => {
  pageTest("is where / leads", async () => {
    const page = await open("/");
    await page.getByRole("heading", { name: "Watch live" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/livedoc");
  });

  pageTest(
    "makes an emitter by try-it, which then can be read, appended to and ended",
    async () => {
      const page = await open("/livedoc");
      const made = await execute(page, "Emitters-makeEmitter");
      expect(made.status).toBe("201");
      const { id } = JSON.parse(made.body) as { id: string };

      const read = await execute(page, "Emitters-readEmitter", { id });
      expect(read.status).toBe("200");
      const appended = await execute(page, "Emitters-appendEvents", { id });
      expect(appended.status).toBe("200");
      expect(JSON.parse(appended.body)).toMatchObject({ accepted: 1, refused: [] });
      const ended = await execute(page, "Emitters-endEmitter", { id });
      expect(ended.status).toBe("200");
      expect(JSON.parse(ended.body)).toHaveProperty("ended_at");
    },
  );

  for (const operation of ["Emitters-makeEmitterWithId", "Topics-makeTopic", "Lifecycles-setApp"]) {
    pageTest(`executes ${operation} with its examples when it is opened first`, async () => {
      const page = await open("/livedoc");
      const answer = await execute(page, operation);
      // The parameter of the path is filled in, by its name.
      expect(answer.status).toMatch(/^20[01]$/);
    });
  }

  pageTest("offers no try-it where it would wait for ever", async () => {
    const page = await open("/livedoc");
    const operation = page.locator("#operations-Streams-watchMagic");
    await operation.locator(".opblock-summary-control").click();
    await operation.getByText("Four random").waitFor();
    expect(await operation.getByRole("button", { name: "Execute" }).count()).toBe(0);
  });

  pageTest("watches streams, with pause and reconnect", async () => {
    const page = await open("/livedoc");
    const panel = page.locator(".watch");
    await panel.getByRole("button", { name: "Watch" }).click();
    await panel
      .getByText(/"magic":-?\d+/)
      .nth(2)
      .waitFor();

    await makeEmitter("panel-1", { source: "external" });
    await append("panel-1", "one");
    await panel.getByLabel("Address").selectOption("/sse/log");
    await panel.getByRole("textbox", { name: "Emitter" }).fill("panel-1");
    await panel.getByRole("button", { name: "Watch" }).click();
    await panel.getByText("one", { exact: true }).waitFor();

    await panel.getByRole("button", { name: "Pause" }).click();
    await append("panel-1", "two");
    await panel.getByText("Paused").waitFor();
    expect(await panel.getByText("two", { exact: true }).count()).toBe(0);
    await panel.getByRole("button", { name: "Resume" }).click();
    await panel.getByText("two", { exact: true }).waitFor();
    await panel.getByRole("button", { name: "Reconnect" }).click();
    await append("panel-1", "three");
    await panel.getByText("three", { exact: true }).waitFor();
    expect(await texts(page)).toEqual(["one", "two", "three"]);
  });

  pageTest("talks on the sockets", async () => {
    const page = await open("/livedoc");
    const panel = page.locator(".watch");
    await panel.getByLabel("Address").selectOption("/echo");
    await panel.getByRole("button", { name: "Watch" }).click();
    await panel.getByText("The socket is open.").waitFor();
    await panel.getByLabel("Message to send").fill("there and back");
    await panel.getByRole("button", { name: "Send" }).click();
    await panel.getByText("there and back", { exact: true }).nth(1).waitFor();

    await makeEmitter("panel-2", { source: "external" });
    await append("panel-2", "by socket");
    await panel.getByLabel("Address").selectOption("/v1/ws");
    await panel.getByRole("textbox", { name: "Emitter" }).fill("panel-2");
    await panel.getByRole("button", { name: "Watch" }).click();
    await panel.getByText("The socket is open.").waitFor();
    await panel.getByRole("button", { name: "Send" }).click();
    await panel.getByText(/"op":"events".*by socket/).waitFor();
  });
});

describe("/ui", () => {
  pageTest("makes a guest and shows what it writes, with positions and levels", async () => {
    const page = await open("/ui");
    await page.getByRole("button", { name: "New emitter" }).click();
    await page.getByLabel("Id").first().fill("ui-guest");
    await page.getByLabel("Events/s").fill("50");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { name: "ui-guest" }).waitFor();
    await page.locator(".event .position").nth(20).waitFor();
    await page.locator(".event.info").first().waitFor();
    await page.locator(".badge", { hasText: "Live" }).waitFor();
    const positions = await page.locator(".event .position").allInnerTexts();
    expect(positions).toEqual(positions.toSorted());
    expect(new Set(positions).size).toBe(positions.length);
  });

  pageTest("pauses, and goes on without a gap", async () => {
    await makeEmitter("ui-pause", { source: "external" });
    await append("ui-pause", "one", "two");
    const page = await open("/ui#emitter/ui-pause");
    await page.getByText("two", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await append("ui-pause", "three");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("three", { exact: true }).waitFor();
    expect(await texts(page)).toEqual(["one", "two", "three"]);
  });

  pageTest("pages back to the first event and forward to live", async () => {
    await makeEmitter("ui-pages", { source: "external" });
    const messages = Array.from({ length: 250 }, (_, at) => `m${at}`);
    await append("ui-pages", ...messages);
    const page = await open("/ui#emitter/ui-pages");
    await page.getByText("m249", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText("m149", { exact: true }).waitFor();
    expect(await texts(page)).toEqual(messages.slice(50, 150));
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText("m0", { exact: true }).waitFor();
    expect(await texts(page)).toEqual(messages.slice(0, 50));
    expect(await page.getByRole("button", { name: "Older" }).isDisabled()).toBe(true);

    await page.getByRole("button", { name: "Newer" }).click();
    await page.getByText("m149", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Back to live" }).click();
    await page.getByText("m249", { exact: true }).waitFor();
    await append("ui-pages", "live again");
    await page.getByText("live again", { exact: true }).waitFor();
  });

  pageTest("ends an emitter, by keyboard alone", async () => {
    await makeEmitter("ui-end", { source: "external" });
    const page = await open("/ui#emitter/ui-end");
    await page.locator(".badge", { hasText: "Live" }).waitFor();
    await page.getByRole("button", { name: "End…" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("The stream has ended.").waitFor();
    await page.locator(".badge", { hasText: "Ended" }).waitFor();
  });

  pageTest("shows 64-bit integers as they are", async () => {
    await makeEmitter("ui-int", { source: "external" });
    const body = '{"big":9223372036854775807}';
    await fetch(`${gateway.url}/log/ui-int`, { method: "POST", body });
    const page = await open("/ui#emitter/ui-int");
    await page.locator(".event summary", { hasText: "9223372036854775807" }).click();
    await page.locator(".event pre", { hasText: "9223372036854775807" }).waitFor();
  });

  pageTest("reconnects on its own after the gateway was down", async () => {
    const env = { SLUICE_PORT: String(await freePort()) };
    const first = await startGateway({ env });
    await fetch(`${first.url}/log/away`, { method: "PUT", body: '{"source":"external"}' });
    await fetch(`${first.url}/log/away`, { method: "POST", body: '{"message":"before"}' });
    // The console reports the lost connection, so complaints of this page are not checked.
    const { page } = await openPage(browser, first.url);
    await page.goto(`${first.url}/ui#emitter/away`);
    await page.getByText("before", { exact: true }).waitFor();
    await first.kill9();
    await page.locator(".badge", { hasText: "Reconnecting" }).waitFor();

    const second = await startGateway({ dataDir: first.dataDir, env });
    await fetch(`${second.url}/log/away`, { method: "POST", body: '{"message":"after"}' });
    await page.getByText("after", { exact: true }).waitFor();
    expect(await texts(page)).toEqual(["before", "after"]);
    await second.stop();
  });

  pageTest("fits a phone: the list, then the stream, and back", async () => {
    await makeEmitter("ui-phone", { source: "external" });
    await append("ui-phone", "a long line ".repeat(30));
    const page = await open("/ui", { viewport: { width: 360, height: 740 } });
    await page.getByRole("link", { name: "ui-phone" }).click();
    await page.getByText("a long line").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.getByRole("link", { name: "Back to the list" }).click();
    await page.getByRole("heading", { name: "Emitters" }).waitFor();
  });
});

describe("streams", () => {
  for (const path of ["/magic", "/time"]) {
    pageTest(`${path} opened directly shows events as they come`, async () => {
      const page = await open(path);
      await page.waitForFunction(() => document.body.innerText.split("data:").length > 3);
    });

    pageTest(`${path} reaches an EventSource`, async () => {
      const page = await open("/ui");
      await page.waitForFunction(() => document.title === "Sluice");
      const events = await page.evaluate(eventsOf, { address: path, count: 3 });
      for (const data of events) expect(JSON.parse(data)).toHaveProperty("timestamp");
    });
  }

  pageTest("an emitter's events reach an EventSource", async () => {
    await makeEmitter("source-1", { rate: 50 });
    const page = await open("/ui");
    await page.waitForFunction(() => document.title === "Sluice");
    const events = await page.evaluate(eventsOf, { address: "/sse/log/source-1", count: 10 });
    const numbers = events.map((data) => (JSON.parse(data) as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, at) => (numbers[0] ?? 0) + at));
  });
});

// Last, so that it speaks of all the pages above.
describe("every page", () => {
  pageTest("asked this gateway alone, and nothing complained", async () => {
    for (const one of watched) expect(one.complaints).toEqual([]);
    expect(watched.length).toBeGreaterThan(10);
  });

  pageTest("is sent with a policy that allows this gateway alone", async () => {
    for (const path of ["/livedoc", "/ui"]) {
      const { headers } = await fetch(gateway.url + path);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
  });

  pageTest("is kept by browsers, and compressed", async () => {
    const html = await (await fetch(`${gateway.url}/livedoc`)).text();
    const address = /src="([^"]+swagger-ui-bundle[^"]+)"/.exec(html)?.[1] ?? "";
    const script = await fetch(new URL(address, `${gateway.url}/livedoc`), {
      headers: { "accept-encoding": "gzip" },
    });
    expect(script.headers.get("cache-control")).toContain("immutable");
    expect(script.headers.get("content-encoding")).toBe("gzip");
    const etag = script.headers.get("etag") ?? "";
    const again = await fetch(script.url, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
  });
});

/** Runs in the page. */
function eventsOf({ address, count }: { address: string; count: number }): Promise<string[]> {
  return new Promise((resolve) => {
    const events: string[] = [];
    const source = new EventSource(address);
    source.addEventListener("message", ({ data }: MessageEvent<string>) => {
      events.push(data);
      if (events.length < count) return;
      source.close();
      resolve(events);
    });
  });
}

async function texts(page: Page): Promise<string[]> {
  return await page.locator(".event.record .text").allInnerTexts();
}

/** Try-it, as a user does it: open, fill in, execute, read the answer. */
async function execute(page: Page, operation: string, values: Record<string, string> = {}) {
  const block = page.locator(`#operations-${operation}`);
  await block.locator(".opblock-summary-control").click();
  for (const [name, value] of Object.entries(values)) {
    await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  await block.getByRole("button", { name: "Execute" }).click();
  const answer = block.locator(".live-responses-table tr.response");
  await answer.waitFor();
  return {
    status: (await answer.locator(".response-col_status").innerText()).trim(),
    body: await answer.locator("pre.microlight, .microlight").first().innerText(),
  };
}
