// Emitters and streams in a real browser: created, watched, paused, paged, ended, side by side.

import { describe, expect } from "bun:test";
import type { Page } from "playwright-core";
import { openAgain, pageTest } from "../../support/browser.ts";
import { lostOrRefused, pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";
import { allTexts, receivedCount, texts } from "./stream-rig.ts";

const rig = pageRig();

async function send(method: string, path: string, body: unknown): Promise<void> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(rig.gateway.url + path, { method, body: text });
  expect([response.ok, await response.text()]).toEqual([true, expect.any(String)]);
}

const makeEmitter = (id: string, body: object) => send("PUT", `/log/${id}`, body);
const append = (id: string, ...messages: string[]) =>
  send(
    "POST",
    `/log/${id}`,
    messages.map((message) => ({ level: "INFO", message })),
  );

describe("an emitter", () => {
  pageTest(
    "is created as a guest, and shows what it writes, with positions and levels",
    async () => {
      await rig.load();
      const page = await rig.open("/ui/emitters");
      await page.getByRole("button", { name: "Create an emitter" }).click();
      await page.getByLabel("Id", { exact: false }).first().fill("ui-guest");
      await page.getByLabel("Events/s").fill("50");
      await page.getByRole("button", { name: "Create" }).click();
      await page.getByRole("heading", { name: "ui-guest" }).waitFor();
      await page.locator(".line .position").nth(15).waitFor();
      await page.locator(".line.info").first().waitFor();
      await page.locator(".badge", { hasText: "Live" }).waitFor();
      const positions = await page.locator(".line .position").allInnerTexts();
      expect(positions).toEqual(positions.toSorted());
      expect(new Set(positions).size).toBe(positions.length);
    },
  );

  pageTest("pauses, and goes on without a gap", async () => {
    await makeEmitter("ui-pause", { source: "external" });
    await append("ui-pause", "one", "two");
    // The address of the first dashboard.
    const page = await rig.open("/ui#emitter/ui-pause");
    await page.getByText("two", { exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/ui/emitters/ui-pause");
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.locator(".badge", { hasText: "Paused" }).waitFor();
    await append("ui-pause", "three");
    await page.getByRole("button", { name: "Resume", exact: true }).click();
    await page.getByText("three", { exact: true }).waitFor();
    expect(await texts(page)).toEqual(["one", "two", "three"]);
    expect(await receivedCount(page)).toBe(3);
  });

  pageTest("pages back to the first event and forward to live", async () => {
    await makeEmitter("ui-pages", { source: "external" });
    const messages = Array.from({ length: 250 }, (_, at) => `m${at}`);
    await append("ui-pages", ...messages);
    const page = await rig.open("/ui/emitters/ui-pages");
    await page.getByText("m249", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText("m50", { exact: true }).waitFor();
    expect(await allTexts(page)).toEqual(messages.slice(50, 150));
    const address = page.url();
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText("m0", { exact: true }).waitFor();
    expect(await allTexts(page)).toEqual(messages.slice(0, 50));
    expect(await page.getByRole("button", { name: "Older" }).isDisabled()).toBe(true);

    await page.getByRole("button", { name: "Newer" }).click();
    await page.getByText("m51", { exact: true }).waitFor();
    // The address of a page of older events is one to share.
    await page.goto(address);
    await page.getByText("m50", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Back to live" }).click();
    await page.getByText("m249", { exact: true }).waitFor();
    await append("ui-pages", "live again");
    await page.getByText("live again", { exact: true }).waitFor();
  });

  pageTest("ends, by keyboard alone", async () => {
    await makeEmitter("ui-end", { source: "external" });
    const page = await rig.open("/ui/emitters/ui-end");
    await page.locator(".badge", { hasText: "Live" }).waitFor();
    await page.getByRole("button", { name: "End…" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("The stream has ended.").waitFor();
    await page.locator(".badge", { hasText: "Ended" }).waitFor();
  });

  pageTest("shows 64-bit integers as they are, and long values when they are opened", async () => {
    await makeEmitter("ui-int", { source: "external" });
    await send("POST", "/log/ui-int", '{"big":9223372036854775807}');
    const page = await rig.open("/ui/emitters/ui-int");
    await page.locator(".line button", { hasText: "9223372036854775807" }).click();
    await page.locator(".opened .json-tree", { hasText: "9223372036854775807" }).waitFor();
    const long = `{"first":1,"pad":"${"x".repeat(20_000)}","last":9007199254740993}`;
    await send("POST", "/log/ui-int", long);
    await page.locator(".line button", { hasText: "first" }).click();
    await page.getByRole("button", { name: "Show all of it" }).click();
    await page.locator(".opened .json-tree", { hasText: "9007199254740993" }).waitFor();
  });

  pageTest("shows markup and invisible characters as text", async () => {
    await makeEmitter("ui-markup", { source: "external" });
    const message = "<img src=x onerror=alert(1)>\u202Eevil";
    await append("ui-markup", message);
    const page = await rig.open("/ui/emitters/ui-markup");
    await page.getByText("<img src=x onerror=alert(1)>").waitFor();
    await page.locator(".line .mark", { hasText: "202E" }).waitFor();
    expect(await page.locator(".line img").count()).toBe(0);
  });

  pageTest("is found by a part of its id, also when it has ended", async () => {
    for (const id of ["find-Web-1", "find-web-2", "find-db"]) {
      await makeEmitter(id, { source: "external" });
    }
    await send("DELETE", "/log/find-web-2", "");
    const page = await rig.open("/ui/emitters?q=find-WEB");
    await page.getByRole("link", { name: "find-Web-1" }).waitFor();
    expect(await page.locator(".emitter").count()).toBe(1);
    await page.getByLabel("Ended as well").check();
    await page.getByRole("link", { name: "find-web-2" }).waitFor();
    await openAgain(page);
    await page.getByRole("link", { name: "find-web-2" }).click();
    await page.locator(".badge", { hasText: "Ended" }).waitFor();
  });

  pageTest("fits a phone: the list, then the stream, and back", async () => {
    await makeEmitter("ui-phone", { source: "external" });
    await append("ui-phone", "a long line ".repeat(30));
    const page = await rig.open("/ui/emitters?q=ui-phone", {
      viewport: { width: 360, height: 740 },
    });
    await page.getByRole("link", { name: "ui-phone" }).click();
    await page.getByText("a long line").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.locator(".page-head").getByRole("link", { name: "Emitters" }).click();
    await page.getByRole("heading", { name: "Emitters" }).waitFor();
  });
});

describe("streams side by side", () => {
  pageTest("come over one socket, each with its own pause; the address keeps them", async () => {
    await makeEmitter("side-1", { source: "external" });
    await send("PUT", "/v1/topics/side", {});
    const page = await rig.open("/ui/streams?s=emitter:side-1&s=topic:side");
    await page.locator(".pane .badge", { hasText: "Live" }).nth(1).waitFor();
    const sockets: string[] = [];
    page.on("websocket", (socket) => sockets.push(socket.url()));
    await openAgain(page);
    await page.locator(".pane .badge", { hasText: "Live" }).nth(1).waitFor();
    await page.getByLabel("Kind").selectOption("series");
    await page.getByLabel("Name").fill("side-tag");
    await page.getByRole("button", { name: "Watch" }).click();
    await page.getByLabel("Kind").selectOption("app");
    await page.getByLabel("Name").fill("side-app");
    await page.keyboard.press("Enter");
    await page.locator(".pane .badge", { hasText: "Live" }).nth(3).waitFor();
    const pane = (name: string) => page.getByRole("region", { name });
    await pane("topic side").getByRole("button", { name: "Pause", exact: true }).click();
    await append("side-1", "to the emitter");
    await send("POST", "/v1/topics/side/records?key=k", [{ message: "to the topic" }]);
    await send("POST", "/save", `{"time":${Date.now()}000000,"tag":"side-tag","values":[21.5]}`);
    await send("POST", "/api/event", { app_id: "side-app", message_id: "m", event: "SENT" });
    await pane("emitter side-1").getByText("to the emitter").waitFor();
    await pane("series side-tag").getByText("21.5").first().waitFor();
    await pane("app side-app").getByText("SENT").waitFor();
    expect(await pane("topic side").locator(".line").count()).toBe(0);
    await pane("topic side").getByRole("button", { name: "Resume", exact: true }).click();
    await pane("topic side").getByText("to the topic").waitFor();
    expect(sockets.length).toBe(1);
    expect(new URL(page.url()).searchParams.getAll("s")).toEqual([
      ...["emitter:side-1", "topic:side", "series:side-tag", "app:side-app"],
    ]);
    await page.getByRole("button", { name: "Remove topic side" }).click();
    await openAgain(page);
    await page.locator(".pane .badge", { hasText: "Live" }).nth(2).waitFor();
    expect(await page.locator(".pane").count()).toBe(3);
  });

  pageTest("start after the position that the address has", async () => {
    await send("PUT", "/v1/topics/placed", {});
    await send("POST", "/v1/topics/placed/records", [{ message: "first" }]);
    const { end } = (await (await fetch(`${rig.gateway.url}/v1/topics/placed`)).json()) as {
      end: string;
    };
    await send("POST", "/v1/topics/placed/records", [{ message: "second" }]);
    const page = await rig.open(`/ui/streams?s=topic:placed@${end}`);
    await page.getByText("second", { exact: true }).waitFor();
    expect(await texts(page)).toEqual(["second"]);
  });

  pageTest("are filtered each for itself, in the gateway, and the address keeps it", async () => {
    await makeEmitter("sifted-2", { source: "external" });
    await send("PUT", "/v1/topics/sifted", {});
    const page = await rig.open("/ui/streams?s=topic:sifted&s=emitter:sifted-2");
    const [topic, emitter] = ["topic sifted", "emitter sifted-2"].map((name) =>
      page.getByRole("region", { name }),
    );
    if (topic === undefined || emitter === undefined) throw new Error("There are two panes");
    await topic.getByRole("button", { name: "Filter" }).click();
    await topic.getByLabel("Where (CEL)").fill("value.n % 2 == 0");
    await page.keyboard.press("Enter");
    await emitter.getByRole("button", { name: "Filter" }).click();
    await emitter.getByLabel("Text", { exact: true }).fill("warm");
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      () => new URLSearchParams(location.search).getAll("text").length === 2,
    );
    expect(new URL(page.url()).searchParams.getAll("where")).toEqual(["value.n % 2 == 0", ""]);
    expect(new URL(page.url()).searchParams.getAll("text")).toEqual(["", "warm"]);
    await page.locator(".pane .badge", { hasText: "Live" }).nth(1).waitFor();
    const numbers = Array.from({ length: 6 }, (_, n) => ({ message: `number ${n}`, n }));
    await send("POST", "/v1/topics/sifted/records", numbers);
    await append("sifted-2", "cold", "warm", "colder");
    await topic.getByText("number 4").waitFor();
    await topic.getByText("3 passed over by the filter").waitFor();
    await emitter.getByText("2 passed over by the filter").waitFor();
    expect(await topic.locator(".line .text").allInnerTexts()).toEqual([
      "number 0",
      "number 2",
      "number 4",
    ]);
    expect(await emitter.locator(".line .text").allInnerTexts()).toEqual(["warm"]);
    await openAgain(page);
    await topic.getByText("number 4").waitFor();
    expect(await topic.getByLabel("Where (CEL)").inputValue()).toBe("value.n % 2 == 0");
    await topic.getByLabel("Where (CEL)").fill("value.n %");
    await page.keyboard.press("Enter");
    await topic.locator(".badge", { hasText: "Refused" }).waitFor();
    await topic.getByLabel("Where (CEL)").fill("");
    await page.keyboard.press("Enter");
    await topic.getByText("number 5").waitFor();
    expect(new URL(page.url()).searchParams.getAll("where")).toEqual([]);
  });

  pageTest("say what is refused, and that an address names nothing", async () => {
    const expected = /status of 404/;
    const page = await rig.open("/ui/streams?s=topic:never-was&s=nonsense", { expected });
    await page.locator(".badge", { hasText: "Refused" }).waitFor();
    await page.getByText("Nothing can be watched by the name").waitFor();
    await page.goto(`${rig.gateway.url}/ui/emitters/never-was`);
    await page.locator(".badge", { hasText: "Refused" }).waitFor();
    // No command appends to what is not there.
    await page.getByText("Nothing to show.").waitFor();
  });

  pageTest(
    "follow the end, unless the reader scrolls away: then newer events are counted",
    async () => {
      await send("PUT", "/v1/topics/scrolled", {});
      const lines = (from: number) =>
        Array.from({ length: 60 }, (_, at) => ({ message: `line ${from + at}` }));
      await send("POST", "/v1/topics/scrolled/records", lines(0));
      const page = await rig.open("/ui/streams?s=topic:scrolled");
      await page.getByText("line 59", { exact: true }).waitFor();
      await page.locator(".line-list").evaluate((list) => (list.scrollTop = 0));
      await page.getByText("line 0", { exact: true }).waitFor();
      await page.getByText("Not following").waitFor();
      await send("POST", "/v1/topics/scrolled/records", lines(60));
      await page.getByText("Not following · 60 newer").click();
      await page.getByText("line 119", { exact: true }).waitFor();
      await send("POST", "/v1/topics/scrolled/records", lines(120));
      await page.getByText("line 179", { exact: true }).waitFor();
    },
  );

  pageTest("go on without a gap after the gateway was killed", async () => {
    await makeEmitter("away", { source: "external" });
    await send("PUT", "/v1/topics/away", {});
    await send("POST", "/log/away", [{ message: "before" }]);
    await send("POST", "/v1/topics/away/records", [{ message: "before" }]);
    const address = "/ui/streams?s=emitter:away&s=topic:away";
    const page = await rig.open(address, { expected: lostOrRefused });
    await page.locator(".pane .badge", { hasText: "Live" }).nth(1).waitFor();
    await page.getByText("before", { exact: true }).nth(1).waitFor();
    await rig.kill();
    await page.locator(".badge", { hasText: "Reconnecting" }).nth(1).waitFor();
    await page.getByText("Live data is cut").waitFor();

    await rig.restart();
    await send("POST", "/log/away", [{ message: "after" }]);
    await send("POST", "/v1/topics/away/records", [{ message: "after" }]);
    await page.getByText("after", { exact: true }).nth(1).waitFor();
    expect(await texts(page)).toEqual(["before", "after", "before", "after"]);
    await page.locator(".pane .badge", { hasText: "Live" }).nth(1).waitFor();
    expect(await page.getByText("0 gaps").count()).toBe(2);
  });

  pageTest(
    "in eight tabs of four streams each, every button still answers within a second",
    async () => {
      for (const id of ["tabs-1", "tabs-2"]) await makeEmitter(id, { rate: 5 });
      await send("PUT", "/v1/topics/tabs", {});
      // Tabs of one context: these share its six connections to a host.
      const context = (await rig.tab()).context();
      const address = `${rig.gateway.url}/ui/streams?s=emitter:tabs-1&s=emitter:tabs-2&s=topic:tabs&s=app:tabs`;
      const tabs: Page[] = [];
      for (let n = 0; n < 8; n++) {
        const tab = await context.newPage();
        await tab.goto(address);
        await tab.locator(".pane .badge", { hasText: "Live" }).nth(3).waitFor();
        tabs.push(tab);
      }
      for (const tab of tabs) {
        await tab.bringToFront();
        const { drawnMs, answeredMs } = await tab.evaluate(pauseFirst);
        // Without a free connection the request would wait for as long as the streams last.
        const begunMs = performance.now();
        await (await fetch(`${rig.gateway.url}/livez`)).text();
        const machineMs = performance.now() - begunMs;
        expect(drawnMs).toBeLessThan(1000 + machineMs);
        expect(answeredMs).toBeLessThan(1000 + machineMs);
      }
      await send("POST", "/v1/topics/tabs/records", [{ message: "to all tabs" }]);
      for (const tab of tabs) await tab.getByText("to all tabs").waitFor();
    },
  );
});

/** Those of the page, and of the rows on the screen and just beyond. */
const nodesMax = 5_000;

describe("at 1,000 events a second", () => {
  pageTest("a stream counts every event, and draws the newest", async () => {
    await send("PUT", "/v1/topics/fast", {});
    const page = await rig.open("/ui/streams?s=topic:fast");
    await page.locator(".pane .badge", { hasText: "Live" }).waitFor();
    let sent = 0;
    const startedMs = performance.now();
    while (performance.now() - startedMs < 5000) {
      const due = Math.min(200, Math.floor(performance.now() - startedMs) - sent);
      if (due <= 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      const events = Array.from({ length: due }, () => ({ message: `n ${sent++}` }));
      await send("POST", "/v1/topics/fast/records", events);
    }
    expect(sent).toBeGreaterThan(3000);
    await page.getByText(`n ${sent - 1}`, { exact: true }).waitFor();
    await until("all are counted", 5000, async () => (await receivedCount(page)) === sent);
    await page.getByText(`before the newest 2,000`).waitFor();
    // Rows that have left the screen are gone, with what they were made of.
    await page.locator(".line-list").evaluate(scrollOver);
    await page.getByText(/newer ↓$/).waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    expect((await session.send("Memory.getDOMCounters")).nodes).toBeLessThan(nodesMax);
  });
});

/** Runs in the page: from the end of the list to its start, so that each row was on the screen. */
async function scrollOver(list: Element): Promise<void> {
  while (list.scrollTop > 0) {
    list.scrollTop -= list.clientHeight;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  }
}

/** Runs in the page: from the click to the word, and a request of the page at the same time. */
async function pauseFirst(): Promise<{ readonly drawnMs: number; readonly answeredMs: number }> {
  const pane = document.querySelector(".pane");
  const button = [...(pane?.querySelectorAll("button") ?? [])].find(
    ({ textContent }) => textContent === "Pause",
  );
  const badge = pane?.querySelector(".badge") ?? undefined;
  if (button === undefined || badge === undefined) throw new Error("There is no stream");
  const startedMs = performance.now();
  const drawn = new Promise<number>((resolve) => {
    const observer = new MutationObserver(() => {
      if (badge.textContent === "Paused") resolve(performance.now() - startedMs);
    });
    observer.observe(badge, { childList: true, characterData: true, subtree: true });
  });
  const answered = fetch("/livez").then(() => performance.now() - startedMs);
  button.click();
  return { drawnMs: await drawn, answeredMs: await answered };
}
