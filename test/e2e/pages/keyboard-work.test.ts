// The work of an operator by keyboard alone: everything is reached by Tab and done by keys. One gateway
// for all; it is open until the last test, which closes it with its first key.

import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { pressOn, tabTo, typeInto } from "../../support/keyboard.ts";
import { until } from "../../support/until.ts";

let gateway: GatewayProcess;
let browser: Browser | undefined;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
}, 90_000);

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
}, 30_000);

async function open(path: string): Promise<Page> {
  const { page } = await openPage(browser, gateway.url, { viewport: { width: 1300, height: 900 } });
  await page.goto(`${gateway.url}/ui${path}`, { waitUntil: "commit" });
  await page.locator("h1").first().waitFor();
  return page;
}

const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: true });

async function append(topic: string, events: readonly object[], key = ""): Promise<void> {
  const query = key === "" ? "" : `?key=${key}`;
  const { status } = await post(`${gateway.url}/v1/topics/${topic}/records${query}`, events);
  expect(status).toBe(200);
}

/** Which element has the focus, by a selector. */
async function hasFocus(page: Page, selector: string): Promise<boolean> {
  return await page.evaluate(
    (wanted) => document.activeElement?.matches(wanted) ?? false,
    selector,
  );
}

pageTest("an app is created; a name that is taken is refused, and Escape leads back", async () => {
  const page = await open("/apps");
  await pressOn(page, button(page, "Create an app"));
  const dialog = page.getByRole("dialog", { name: "Create an app" });
  await dialog.waitFor();
  // The dialog has the focus on its first field.
  await page.keyboard.type("by-keys");
  await typeInto(page, dialog.getByLabel("Events, one a line"), "MADE\nSENT\nREAD");
  await pressOn(page, dialog.getByRole("button", { name: "Create", exact: true }));
  await page.getByRole("heading", { name: "by-keys" }).waitFor();
  expect(new URL(page.url()).search).toBe("?app=by-keys");
  expect(await hasFocus(page, "#page")).toBe(true);
  const { json } = await ask("GET", `${gateway.url}/v1/apps/by-keys`);
  expect([json.expected, json.deadline_ms]).toEqual([["MADE", "SENT", "READ"], 60_000]);

  await page.goto(`${gateway.url}/ui/apps`, { waitUntil: "commit" });
  await pressOn(page, button(page, "Create an app"));
  await dialog.waitFor();
  await page.keyboard.type("by-keys");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("exists already").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  expect(await hasFocus(page, "button.primary")).toBe(true);
  const after = await ask("GET", `${gateway.url}/v1/apps/by-keys`);
  expect(after.json.expected).toEqual(["MADE", "SENT", "READ"]);
});

pageTest("a topic is created, gets a record, and is deleted by its name", async () => {
  const page = await open("/topics");
  await pressOn(page, button(page, "Create a topic"));
  await page.getByRole("dialog", { name: "Create a topic" }).waitFor();
  await page.keyboard.type("typed");
  await typeInto(page, page.getByLabel(/^Days for which/), "2");
  await page.keyboard.press("Enter");
  await page.getByText("kept 2 d").waitFor();
  expect(new URL(page.url()).pathname).toBe("/ui/topics/typed/about");

  await pressOn(page, page.getByRole("link", { name: "Send", exact: true }));
  await page.getByRole("heading", { name: "Send a record" }).waitFor();
  await typeInto(page, page.getByLabel(/^Key/), "k-1");
  await typeInto(page, page.locator("textarea"), '{"n":9007199254740993}');
  await page.getByText("The topic would take this record.").waitFor();
  await pressOn(page, button(page, "Send"));
  const sent = page.getByRole("link", { name: /position/ });
  await sent.waitFor();
  // The button keeps the focus, so that another record is one key away.
  expect(await hasFocus(page, "button.primary")).toBe(true);
  await pressOn(page, sent);
  await page.locator(".record-view").getByText("9007199254740993").first().waitFor();

  await pressOn(page, page.getByRole("link", { name: "About", exact: true }));
  await pressOn(page, button(page, "Delete the topic…"));
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await page.keyboard.type("type");
  await page.keyboard.press("Enter");
  expect((await ask("GET", `${gateway.url}/v1/topics/typed`)).status).toBe(200);
  await page.keyboard.type("d");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Topics", exact: true }).waitFor();
  expect((await ask("GET", `${gateway.url}/v1/topics/typed`)).status).toBe(404);
});

pageTest("a rule is created, and changed once its effects were read", async () => {
  const page = await open("/rules");
  await pressOn(page, button(page, "Create a rule"));
  await page.getByRole("form", { name: "A new ack rule" }).waitFor();
  await page.keyboard.type("keyed");
  await typeInto(page, page.getByLabel("Topics, one a line"), "k.1\nk.2\nk.3");
  await typeInto(page, page.getByLabel("Output: the topic of the acks"), "acks.k");
  await pressOn(page, button(page, "Create the rule"));
  await page.getByRole("heading", { name: "keyed" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/ui/rules/keyed");

  await append("k.1", [{ message_id: "a" }]);
  await append("k.3", [{ message_id: "b" }]);
  await pressOn(page, page.getByRole("link", { name: "Sightings" }));
  // Each row of the matrix leads to its oldest id.
  await pressOn(page, page.getByRole("table").getByRole("button", { name: "a", exact: true }));
  const one = page.getByRole("region", { name: "One id" });
  await one.getByText("not seen").first().waitFor();
  await pressOn(page, one.getByRole("button", { name: "Close" }));
  await one.waitFor({ state: "detached" });
  expect(await hasFocus(page, "table button")).toBe(true);

  await pressOn(page, button(page, "Change"));
  const form = page.getByRole("form", { name: "Change keyed" });
  await form.getByText("Nothing is changed yet").waitFor();
  await typeInto(page, form.getByLabel("Topics, one a line"), "k.1\nk.2");
  const effects = form.getByRole("region", { name: "What the change would do" });
  await effects.getByText("What was seen in k.3 is forgotten: 1 open id.").waitFor();
  await pressOn(page, form.getByRole("button", { name: "Make the change" }));
  await form.waitFor({ state: "detached" });
  const { json } = await ask("GET", `${gateway.url}/v1/ack-rules/keyed`);
  expect(json.topics).toEqual(["k.1", "k.2"]);
  // The form is gone: the button that opened it has the focus.
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Change");
});

const watch = 'syntax = "proto3"; package k.v1; message Watch { string id = 1; int32 bpm = 2; }';

pageTest("a schema is registered, and the next one is refused with its reasons", async () => {
  const page = await open("/schemas");
  await pressOn(page, button(page, "Register a schema"));
  await page.getByLabel(/^Subject, such as/).waitFor();
  await page.keyboard.type("keyed-value");
  await page.keyboard.press("Enter");
  const text = page.getByLabel("The next version of keyed-value");
  await typeInto(page, text, watch);
  await page.getByText("It may be registered").waitFor();
  await pressOn(page, button(page, "Register"));
  await page.getByLabel("Text of the schema").getByText("int32 bpm = 2").waitFor();

  await pressOn(page, page.getByRole("link", { name: "Check and register" }));
  await typeInto(page, text, watch.replace("int32 bpm", "string bpm"));
  const verdict = page.getByRole("region", { name: "What the gateway says of it" });
  await verdict.getByText("Incompatible").waitFor();
  await verdict.getByText("#/Watch/2").waitFor();
  await pressOn(page, button(page, "Register"));
  const subject = `${gateway.url}/v1/registry/versions?subject=keyed-value`;
  expect((await ask("GET", subject)).json.versions.length).toBe(1);

  await typeInto(page, text, `${watch}\n}`);
  await pressOn(page, verdict.getByRole("button", { name: /^Line 2/ }).first());
  // The line is where the cursor is.
  expect(await hasFocus(page, "textarea")).toBe(true);
  expect(await text.evaluate((area: HTMLTextAreaElement) => area.selectionStart)).toBe(
    watch.length + 1,
  );
});

pageTest("records are opened, searched, and exported as they are filtered", async () => {
  await append(
    "rows",
    Array.from({ length: 300 }, (_, n) => ({ n })),
  );
  const page = await open("/topics/rows");
  const list = page.getByRole("list", { name: "Records" });
  const opened = page.locator(".record-view");
  await list.getByText('{"n":299}').waitFor();
  await tabTo(page, list);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await opened.getByText("299").first().waitFor();
  await page.keyboard.press("ArrowUp");
  await opened.getByText("298").first().waitFor();
  await pressOn(page, opened.getByRole("button", { name: "hex + ASCII" }));
  await page.keyboard.press("Escape");
  await opened.waitFor({ state: "detached" });
  expect(await hasFocus(page, "[role=list]")).toBe(true);

  // What the bar beside the list shows as not read yet is read by this button.
  const counts = page.locator(".record-counts");
  expect(await page.locator(".continuity .unread").count()).toBe(1);
  await pressOn(page, button(page, "Earlier records"));
  await counts.getByText("300 in the list").waitFor();
  expect(await page.locator(".continuity .unread").count()).toBe(0);

  await typeInto(page, page.getByLabel("Where (CEL)"), "value.n < 7");
  await page.keyboard.press("Enter");
  await counts.getByText("7 in the list").waitFor();
  await pressOn(page, page.locator("summary", { hasText: "Export" }));
  const link = page.getByRole("link", { name: "NDJSON" });
  await tabTo(page, link);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.keyboard.press("Enter"),
  ]);
  const lines = (await Bun.file(await download.path()).text()).trimEnd().split("\n");
  expect(lines.length).toBe(7);
});

pageTest("a link within a row is followed by Enter, and the row is not opened", async () => {
  const text = 'syntax = "proto3"; package k.v1; message Row { string id = 1; }';
  const query = "subject=rows-value";
  const { json } = await post(`${gateway.url}/v1/registry/versions?${query}`, { text });
  const records = `${gateway.url}/v1/topics/linked/records`;
  expect((await post(records, { id: "a" }, { "sluice-schema-id": String(json.id) })).status).toBe(
    200,
  );
  const page = await open("/topics/linked");
  const list = page.getByRole("list", { name: "Records" });
  await list.getByRole("link").waitFor();
  await tabTo(page, list);
  await page.keyboard.press("ArrowUp");
  await pressOn(page, list.getByRole("link"));
  await page.waitForURL(/\/ui\/schemas\/id\/\d+$/);
});

pageTest("a tail is paused, filtered and resumed; at a gap Enter reads on behind it", async () => {
  await append("tailed", [{ n: 0 }]);
  const page = await open("/topics/tailed");
  await pressOn(page, page.getByLabel("Live"), "Space");
  await page.locator(".tail.on").waitFor();
  await pressOn(page, button(page, "Pause"));
  await page.getByText("paused: nothing is read").waitFor();
  await append("tailed", [{ n: 1 }, { n: 2 }, { n: 3 }]);
  await typeInto(page, page.getByLabel("Where (CEL)"), "value.n != 2");
  await page.keyboard.press("Enter");
  await page.getByText("paused: nothing is read").waitFor();
  await pressOn(page, button(page, "Resume"));
  const values = page.locator(".virtual-list .col-value");
  await until("all but one are there", 10_000, async () => {
    const shown = await values.allInnerTexts();
    return Bun.deepEquals(shown, ['{"n":0}', '{"n":1}', '{"n":3}']);
  });

  // What was not read is gone: the topic begins again.
  await pressOn(page, button(page, "Pause"));
  await page.getByText("paused: nothing is read").waitFor();
  expect((await ask("DELETE", `${gateway.url}/v1/topics/tailed`)).status).toBe(204);
  await append("tailed", [{ n: 10 }, { n: 11 }]);
  await pressOn(page, button(page, "Resume"));
  const gap = page.locator(".record-row.gap");
  await gap.waitFor();
  await page.getByText('{"n":11}').waitFor();
  const list = page.getByRole("list", { name: "Records" });
  await tabTo(page, list);
  for (let presses = 0; presses < 3; presses++) await page.keyboard.press("ArrowUp");
  await page.locator(".record-row.gap.current").waitFor();
  await page.keyboard.press("Enter");
  await gap.waitFor({ state: "detached" });
  await until("what is behind the gap is there", 10_000, async () => {
    return Bun.deepEquals(await values.allInnerTexts(), ['{"n":10}', '{"n":11}']);
  });
  expect(new URL(page.url()).searchParams.get("where")).toBe("value.n != 2");
  expect(new URL(page.url()).searchParams.get("from")).not.toBeNull();
});

pageTest("a plot is zoomed in and out, moved, and read value by value", async () => {
  const endMs = Date.now() - 60_000;
  const measurements = Array.from({ length: 100 }, (_, at) =>
    JSON.stringify({ time: `${endMs - at * 1000}000000`, tag: "keyed", values: [at] }),
  );
  expect((await post(`${gateway.url}/save`, measurements.join("\n"))).status).toBe(200);
  const range = { start: `${endMs - 100_000}000000`, end: `${endMs}000000` };
  const page = await open(`/plot?${new URLSearchParams({ s: "keyed~0~mean", ...range })}`);
  await page.locator(".u-over").waitFor();
  await page.locator(".plot-section[aria-busy=false]").waitFor();
  const plot = page.getByRole("slider", { name: "Plot of 1 line" });
  const shown = () => {
    const query = new URL(page.url()).searchParams;
    return [BigInt(query.get("start") ?? 0), BigInt(query.get("end") ?? 0)] as const;
  };
  const width = () => shown()[1] - shown()[0];
  const pressed = async (key: string) => {
    const before = page.url();
    await page.keyboard.press(key);
    await page.waitForFunction((old) => location.href !== old, before);
    await page.locator(".plot-section[aria-busy=false]").waitFor();
  };
  const whole = shown();

  await tabTo(page, plot);
  await page.keyboard.press("End");
  expect(await plot.getAttribute("aria-valuetext")).toContain("keyed [0] mean: ");
  const last = await plot.getAttribute("aria-valuenow");
  await page.keyboard.press("ArrowLeft");
  expect(Number(await plot.getAttribute("aria-valuenow"))).toBe(Number(last) - 1);

  await pressed("+");
  expect(width()).toBe((whole[1] - whole[0]) / 2n);
  const zoomed = shown();
  await pressed("PageUp");
  expect(shown()).toEqual([zoomed[0] - width() / 2n, zoomed[1] - width() / 2n]);
  await pressed("PageDown");
  expect(shown()).toEqual(zoomed);
  await pressed("Escape");
  expect(shown()).toEqual(whole);

  for (const [name, isAsWide] of [
    ["Zoom in", false],
    ["Later", true],
    ["Earlier", true],
  ] as const) {
    const before = [page.url(), width()] as const;
    await pressOn(page, button(page, name));
    await page.waitForFunction((old) => location.href !== old, before[0]);
    expect(width() === before[1]).toBe(isAsWide);
  }
});

// Last: it closes the gateway.
pageTest("the first key is created; with it another one, which is revoked", async () => {
  const page = await open("/access");
  await pressOn(page, button(page, "Create the first key and close the gateway"));
  const shown = page.getByRole("dialog", { name: "The key, shown this once" });
  const first = await shown.locator("code").innerText();
  await pressOn(page, shown.getByRole("button", { name: "It is stored" }));
  await shown.waitFor({ state: "detached" });

  await typeInto(page, page.getByLabel("Name, for people"), "keyed-reader");
  await typeInto(page, page.getByLabel("Name, or its start and *"), "rows");
  await page.keyboard.press("Enter");
  const second = await shown.locator("code").innerText();
  expect(second).not.toBe(first);
  await pressOn(page, shown.getByRole("button", { name: "It is stored" }));
  const statusWith = async (key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await ask("GET", `${gateway.url}/v1/topics/rows`, { headers })).status;
  };
  expect(await statusWith(second)).toBe(200);

  const row = page.getByRole("row", { name: "keyed-reader" });
  await pressOn(page, row.getByRole("button", { name: "Revoke" }));
  await page.getByRole("dialog", { name: "Revoke keyed-reader" }).waitFor();
  await page.keyboard.type("keyed-reader");
  await page.keyboard.press("Enter");
  await row.waitFor({ state: "detached" });
  expect(await statusWith(second)).toBe(401);
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(false);
});
