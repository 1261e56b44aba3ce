// The pages in a real browser, on a real gateway: they work, they ask nobody else, and nothing
// complains on the console.

import { describe, expect } from "bun:test";
import type { Page } from "playwright-core";
import { pageTest } from "../../support/browser.ts";
import { pageRig } from "../../support/pages.ts";

// Its examples make things of fixed names.
const rig = pageRig({ isOwn: true });

async function open(path: string): Promise<Page> {
  const page = await rig.open(path);
  // The document of all addresses is large: its page takes long on a machine that does much else.
  page.setDefaultTimeout(60_000);
  return page;
}

async function makeEmitter(id: string, body: object): Promise<void> {
  const response = await fetch(`${rig.gateway.url}/log/${id}`, {
    method: "PUT",
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
}

async function append(id: string, ...messages: string[]): Promise<void> {
  const body = JSON.stringify(messages.map((message) => ({ level: "INFO", message })));
  const response = await fetch(`${rig.gateway.url}/log/${id}`, { method: "POST", body });
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
    await openGroup(page, "Streams-watchMagic");
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

describe("every page", () => {
  pageTest("is sent with a policy that allows this gateway alone", async () => {
    for (const path of ["/livedoc", "/ui"]) {
      const { headers } = await fetch(rig.gateway.url + path);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
  });

  pageTest("is kept by browsers, and compressed", async () => {
    const html = await (await fetch(`${rig.gateway.url}/livedoc`)).text();
    const address = /src="([^"]+swagger-ui-bundle[^"]+)"/.exec(html)?.[1] ?? "";
    const script = await fetch(new URL(address, `${rig.gateway.url}/livedoc`), {
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

/** Operations are drawn once the group of their tag is opened. */
async function openGroup(page: Page, operation: string): Promise<void> {
  const block = page.locator(`#operations-${operation}`);
  const group = page.locator(`#operations-tag-${operation.split("-")[0]}`);
  await group.waitFor();
  if ((await block.count()) === 0) await group.click();
}

/** Try-it, as a user does it: open, fill in, execute, read the answer. */
async function execute(page: Page, operation: string, values: Record<string, string> = {}) {
  const block = page.locator(`#operations-${operation}`);
  await openGroup(page, operation);
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
