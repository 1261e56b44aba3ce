// Eight tabs of one browser, each with another page: all stay live, because all live data of a tab comes
// over one socket. Browsers open six HTTP/1.1 connections to a host over all tabs.

import { afterAll, beforeAll, expect } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { fillGateway } from "../../support/dashboard.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";

let gateway: GatewayProcess;
let browser: Browser | undefined;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
  await fillGateway(gateway);
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
}, 30_000);

interface Tab {
  readonly address: string;
  /** What it shows before anything else has happened, and once it has. */
  readonly before: string;
  readonly after: string;
}

const tabs: readonly Tab[] = [
  { address: "/topics/orders?live=1", before: '{"order":49', after: '{"order":"new"}' },
  { address: "/emitters/web-1", before: "hello", after: "news of web-1" },
  {
    address: "/streams?s=topic:orders&s=emitter:web-1&s=series:boiler-7&s=app:shop",
    before: "hello",
    after: "4711.5",
  },
  { address: "/messages/one?app=shop&id=order-2", before: "1 shown", after: "2 shown" },
  { address: "/rules/orders", before: "m-2", after: "m-late" },
  { address: "/overdue", before: "m-2", after: "m-late" },
  {
    address: "/plot?s=boiler-7~0~last&last=15m&live=1",
    before: "boiler-7",
    after: "4711.5",
  },
  { address: "/topics/topic1?live=1", before: "m-2", after: "m-late" },
];

const shows = (page: Page, text: string) => page.locator("#page").getByText(text).first().waitFor();

async function send(path: string, body: unknown): Promise<void> {
  expect((await post(gateway.url + path, body)).status).toBeOneOf([200, 204]);
}

pageTest("eight tabs with a page each stay live, and each has one socket", async () => {
  const { page: first } = await openPage(browser, gateway.url);
  const open: { readonly page: Page; readonly tab: Tab; readonly sockets: string[] }[] = [];
  for (const tab of tabs) {
    const page = open.length === 0 ? first : await first.context().newPage();
    page.setDefaultTimeout(20_000);
    const sockets: string[] = [];
    page.on("websocket", (socket) => void sockets.push(socket.url()));
    await page.goto(`${gateway.url}/ui${tab.address}`, { waitUntil: "commit" });
    await shows(page, tab.before);
    open.push({ page, tab, sockets });
  }
  await send("/v1/topics/orders/records", [{ order: "new" }]);
  await send("/log/web-1", [{ level: "INFO", message: "news of web-1" }]);
  const event = { app_id: "shop", message_id: "order-2", event: "SENT" };
  await send("/api/event", { ...event, created_at: new Date().toISOString() });
  await send("/v1/topics/topic1/records", [{ message_id: "m-late" }]);
  await send("/save", `{"time":${Date.now()}000000,"tag":"boiler-7","values":[4711.5]}`);
  for (const { page, tab, sockets } of open) {
    await shows(page, tab.after);
    expect([tab.address, sockets.length]).toEqual([tab.address, 1]);
    // A request of the page finds a connection as well.
    expect(await page.evaluate(async () => (await fetch("/livez")).status)).toBe(200);
  }
  await first.context().close();
});
