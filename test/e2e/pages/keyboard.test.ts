// What holds for every page by keyboard: whatever takes a click takes a key, Tab comes to all of it and
// out again, the focus can be seen, and no press loses it.

import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { routes } from "../../../src/ui/dashboard/shell/routes.ts";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { addresses, fillGateway } from "../../support/dashboard.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { type Listening, mouseListeners, walk } from "../../support/keyboard-walk.ts";
import { type Requests, watchRequests } from "../../support/keyboard.ts";

/** Views of these pages that have something to press that the address alone does not show. */
const views = [
  "/topics/orders?live=1&sel=first",
  "/topics/orders?where=value.order%20%3C%205",
  "/topics?create=1",
  "/messages/one?app=shop&id=order-2&event=CREATED",
  "/rules?create=1",
  "/rules/orders?tab=sightings",
  "/rules/orders?tab=figures&sel=m-2",
  "/rules/orders?change=1",
  "/plot?s=boiler-7~0~mean&last=15m&table=1",
  "/schemas/subject?s=pulse-value&tab=diff&v=2&against=1",
  "/schemas/subject?s=pulse-value&tab=refs",
  "/schemas/subject?s=pulse-value&tab=used",
  "/schemas/subject?s=pulse-value&tab=check",
];
const shown = [...routes.map(({ path }) => addresses[path] ?? ""), ...views];

/** What takes keys as a whole: the tests that are named press each of them. */
const composites = [
  "list Records", // keyboard-work.test.ts: rows are opened
  "slider Plot of 1 line", // keyboard-work.test.ts: a plot is zoomed
  "application Missing stages by minute. Arrow keys move, Enter lists the messages.", // messages.test.ts
  "list Events of emitter web-1", // the same kind of list as Records
  "list Events of topic orders",
  "combobox", // find.test.ts
];

/** What is behind the dialog that this address opens cannot be reached, as it should be. */
const behindDialog = "/topics?create=1";
/** Hundreds of operations of Swagger UI, which has a button for each. */
const long = "/api";

/** What the mouse can reach sooner. The keyboard has another way, which keyboard-work.test.ts goes. */
const shortcuts = [
  'class="unread"', // of the continuity bar: the button "Earlier records"
];

let gateway: GatewayProcess;
let browser: Browser | undefined;
let firstOrder = "";
let pressed = 0;
let tab: { readonly page: Page; readonly requests: Requests } | undefined;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
  await fillGateway(gateway);
  const { json } = await ask("GET", `${gateway.url}/v1/topics/orders/records?after=earliest`);
  firstOrder = json.events[0].position;
  const text =
    'syntax = "proto3"; package shop.v1; message Pulse { string id = 1; int64 beats = 2; bool worn = 3; }';
  const body = JSON.stringify({ text });
  const added = await ask("POST", `${gateway.url}/v1/registry/versions?subject=pulse-value`, {
    body,
  });
  expect(added.status).toBe(200);
  // Each page reads once what the demo records: more of them than a page takes.
  const many = JSON.stringify(Array.from({ length: 400 }, (_, order) => ({ order })));
  expect(
    (await ask("POST", `${gateway.url}/v1/topics/orders/records`, { body: many })).status,
  ).toBe(200);
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
}, 30_000);

/** One tab for all addresses: what an earlier one has left shows as well. */
async function open(address: string): Promise<{ page: Page; requests: Requests }> {
  if (tab === undefined) {
    const viewport = { width: 1300, height: 900 };
    const { page } = await openPage(browser, gateway.url, { viewport });
    tab = { page, requests: watchRequests(page) };
  }
  await show(tab.page, tab.requests, address);
  return tab;
}

async function show(page: Page, requests: Requests, address: string): Promise<void> {
  const url = `${gateway.url}/ui${address.replace("sel=first", `sel=${firstOrder}`)}`;
  await page.goto(url, { waitUntil: "commit" });
  await page.locator("h1").first().waitFor();
  await page.waitForLoadState("networkidle").catch(() => {});
  await requests.settled();
  // What is folded has buttons as well.
  await page.locator("details:not([open]) > summary").evaluateAll((all) => {
    for (const summary of all) if (summary instanceof HTMLElement) summary.click();
  });
  await requests.settled();
}

describe.each(shown.map((address) => [address]))("/ui%s", (address) => {
  pageTest("takes keys wherever it takes clicks, and keeps the focus", async () => {
    const { page, requests } = await open(address);
    const listening = await mouseListeners(page);
    expect(listening.length).toBeGreaterThan(0);
    const isKnown = (html: string) => shortcuts.some((part) => html.includes(part));
    expect(namesOf(listening, "mouse alone").filter((html) => !isKnown(html))).toEqual([]);
    expect(namesOf(listening, "composite").filter((name) => !composites.includes(name))).toEqual(
      [],
    );
    if (address === long) return;
    const { stops, missed } = await walk(page);
    expect(stops.filter(({ fault }) => fault !== "")).toEqual([]);
    expect(missed).toEqual([]);
    expect(stops.length).toBeGreaterThan(address === behindDialog ? 4 : 15);

    const lost: string[] = [];
    for (const name of await namesOfButtons(page)) {
      const outcome = await press(page, requests, address, name);
      if (outcome !== "") lost.push(`${name}: ${outcome}`);
    }
    expect(lost).toEqual([]);
  });
});

function namesOf(listening: readonly Listening[], kind: Listening["kind"]): string[] {
  const names = listening.filter((one) => one.kind === kind).map(({ name }) => name);
  return [...new Set(names)].toSorted();
}

pageTest("so many buttons were pressed that the pages cannot have been empty", async () => {
  expect(pressed).toBeGreaterThan(100);
});

/** Creating the first key would close the gateway to the pages after it. */
const unpressed = /^Create the first key/;
const pressable = "#page button:not([tabindex='-1']), #page summary";

async function namesOfButtons(page: Page): Promise<string[]> {
  const names = await page.locator(pressable).evaluateAll((all) => {
    const modal = document.querySelector("dialog:modal");
    const within = all.filter((one) => modal === null || modal.contains(one));
    return within.map((one) => one.textContent.trim());
  });
  return [...new Set(names)].filter((name) => name !== "" && !unpressed.test(name));
}

/** Empty where the focus is still somewhere, or back where it was once a dialog is closed. */
async function press(
  page: Page,
  requests: Requests,
  address: string,
  name: string,
): Promise<string> {
  if (!(await focusOn(page, name))) {
    // What was pressed before has changed the page.
    await show(page, requests, address);
    if (!(await focusOn(page, name))) return "";
  }
  pressed++;
  const dialog = page.locator("dialog[open]");
  // A dialog that the address has opened: no button leads back.
  const wasOpen = (await dialog.count()) > 0;
  await page.keyboard.press("Enter");
  await requests.settled();
  if ((await dialog.count()) > 0) {
    const { stops, missed } = await walk(page);
    const faults = stops.map(({ fault }) => fault).filter((fault) => fault !== "");
    if (faults.length > 0 || missed.length > 0) return [...faults, ...missed].join("; ");
    await page.keyboard.press("Escape");
    await requests.settled();
    if ((await dialog.count()) > 0) return "Escape does not close its dialog";
    const after = await focusedName(page);
    return after === name || (wasOpen && after !== undefined)
      ? ""
      : `after its dialog the focus is on "${after}"`;
  }
  return (await focusedName(page)) === undefined ? "the focus is lost" : "";
}

/** Whether there is such a button: it has the focus then. */
async function focusOn(page: Page, name: string): Promise<boolean> {
  return await page.locator(pressable).evaluateAll((all, wanted) => {
    const button = all.find((one) => one.textContent.trim() === wanted && one.checkVisibility());
    if (!(button instanceof HTMLElement)) return false;
    button.focus();
    return document.activeElement === button;
  }, name);
}

/** Undefined: nothing has the focus. */
async function focusedName(page: Page): Promise<string | undefined> {
  return await page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return undefined;
    return element.textContent.trim();
  });
}
