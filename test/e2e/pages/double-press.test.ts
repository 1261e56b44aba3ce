// A second press while the first one is on its way does nothing: each form and button that changes
// something sends one request, whether the two presses come in one turn of the page, as a double click,
// or from a key that is held.

import { afterAll, beforeAll, expect } from "bun:test";
import type { Browser, Locator, Page } from "playwright-core";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { addresses, fillGateway } from "../../support/dashboard.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";
import { watchRequests } from "../../support/keyboard.ts";
import { until } from "../../support/until.ts";

let gateway: GatewayProcess;
let browser: Browser | undefined;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
  await fillGateway(gateway);
  await post(`${gateway.url}/v1/topics/orders/copies`, { to: "slow", rate: 1 });
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
}, 30_000);

interface Form {
  readonly name: string;
  readonly address: string;
  /** Fills in what it needs; resolves to the button that is pressed. */
  readonly prepare: (page: Page) => Promise<Locator>;
  /** Method and path of what it sends. */
  readonly sends: RegExp;
}

const named = (page: Page | Locator, name: string) =>
  page.getByRole("button", { name, exact: true });

async function inDialog(page: Page, opener: string, action: string): Promise<Locator> {
  await named(page, opener).click();
  return named(page.getByRole("dialog"), action);
}

/** In an order in which nothing takes away what a later one needs. */
const forms: readonly Form[] = [
  {
    name: "send a record",
    address: "/topics/orders/send",
    prepare: async (page) => named(page, "Send"),
    sends: /^POST \/v1\/topics\/orders\/records$/,
  },
  {
    name: "create a topic",
    address: "/topics?create=1",
    async prepare(page) {
      await page.getByLabel(/^Name/).fill("pressed");
      return named(page, "Create");
    },
    sends: /^PUT \/v1\/topics\/pressed$/,
  },
  {
    name: "change a topic",
    address: addresses["/topics/:topic/about"] ?? "",
    async prepare(page) {
      await page.getByText("Change its settings").click();
      await page.getByLabel(/^Days for which/).fill("3");
      return named(page, "Change");
    },
    sends: /^PUT \/v1\/topics\/orders$/,
  },
  {
    name: "start a copy",
    address: "/topics/orders/send",
    async prepare(page) {
      await page.getByLabel("To topic").fill("copied");
      await named(page, "Count first").click();
      return page.getByRole("button", { name: /^Send these .* to copied$/ });
    },
    sends: /^POST \/v1\/topics\/orders\/copies$/,
  },
  {
    name: "cancel a copy",
    address: "/topics/orders/send",
    prepare: async (page) => named(page, "Cancel the rest").first(),
    sends: /^PUT \/v1\/copies\//,
  },
  {
    name: "create an app",
    address: "/apps",
    async prepare(page) {
      const create = await inDialog(page, "Create an app", "Create");
      await page.getByLabel("Name, the app_id of its events").fill("pressed");
      return create;
    },
    sends: /^PUT \/v1\/apps\/pressed$/,
  },
  {
    name: "change an app",
    address: "/apps/one?app=shop",
    prepare: async (page) => named(page, "Save"),
    sends: /^PUT \/v1\/apps\/shop$/,
  },
  {
    name: "create a rule",
    address: "/rules?create=1",
    async prepare(page) {
      await page.getByLabel("Name", { exact: true }).fill("pressed");
      await page.getByLabel("Topics, one a line").fill("a\nb");
      await page.getByLabel("Output: the topic of the acks").fill("acks.pressed");
      return named(page, "Create the rule");
    },
    sends: /^PUT \/v1\/ack-rules\/pressed$/,
  },
  {
    name: "change a rule",
    address: "/rules/orders?change=1",
    async prepare(page) {
      await page.getByLabel("Deadline in seconds; empty: none").fill("7");
      await page.getByText("What the change would do").waitFor();
      return named(page, "Make the change");
    },
    sends: /^PUT \/v1\/ack-rules\/orders$/,
  },
  {
    name: "delete a rule",
    address: "/rules/orders",
    async prepare(page) {
      const confirm = await inDialog(page, "Delete", "Delete the rule");
      await page.getByLabel("to confirm").fill("orders");
      return confirm;
    },
    sends: /^DELETE \/v1\/ack-rules\/orders$/,
  },
  {
    name: "register a schema",
    address: "/schemas/subject?s=pressed-value&tab=check",
    async prepare(page) {
      const text = 'syntax = "proto3"; package p.v1; message P { string id = 1; }';
      await page.getByLabel("The next version of pressed-value").fill(text);
      await page.getByText("It may be registered").waitFor();
      return named(page, "Register");
    },
    sends: /^POST \/v1\/registry\/versions$/,
  },
  {
    name: "create an emitter",
    address: "/emitters",
    async prepare(page) {
      await named(page, "Create an emitter").click();
      await page.getByLabel("Id", { exact: false }).first().fill("pressed");
      return named(page, "Create");
    },
    sends: /^PUT \/log\/pressed$/,
  },
  {
    name: "end an emitter",
    address: "/emitters/web-1",
    prepare: async (page) => await inDialog(page, "End…", "End it"),
    sends: /^DELETE \/log\/web-1$/,
  },
  {
    // The last one: it closes the gateway.
    name: "create a key",
    address: "/access",
    prepare: async (page) => named(page, "Create the first key and close the gateway"),
    sends: /^POST \/v1\/keys$/,
  },
];

/** A page that counts what it sends, and sends it once `release` is called. */
async function open(address: string, sends: RegExp) {
  const { page } = await openPage(browser, gateway.url);
  const requests = watchRequests(page);
  let sent = 0;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await page.route(`${gateway.url}/**`, async (route, request) => {
    const { pathname, searchParams } = new URL(request.url());
    const isTrial =
      searchParams.get("dry_run") === "true" || request.postData()?.includes('"dry_run":true');
    if (sends.test(`${request.method()} ${pathname}`) && isTrial !== true) {
      sent++;
      await released;
    }
    await route.continue();
  });
  await page.goto(`${gateway.url}/ui${address}`, { waitUntil: "commit" });
  await page.locator("h1").first().waitFor();
  return { page, requests, release, sent: () => sent };
}

pageTest("a double click and a key that is held send one record each", async () => {
  const { page, requests, release, sent } = await open("/topics/orders/send", /^POST .*\/records$/);
  release();
  const button = named(page, "Send");
  await button.dblclick();
  await page.getByRole("link", { name: /position/ }).waitFor();
  await requests.settled();
  expect(sent()).toBe(1);
  await button.focus();
  for (let repeats = 0; repeats < 5; repeats++) {
    // Down again without an up is what a browser makes of a key that is held.
    await page.keyboard.down("Enter");
    await requests.settled();
  }
  await page.keyboard.up("Enter");
  await requests.settled();
  expect(sent()).toBe(2);
  // Two presses are two wishes.
  await page.keyboard.press("Enter");
  await until("another one is sent", 10_000, async () => sent() === 3);
  await page.context().close();
});

for (const { name, address, prepare, sends } of forms) {
  pageTest(`two presses in one turn ${name} once`, async () => {
    const { page, requests, release, sent } = await open(address, sends);
    const button = await prepare(page);
    await button.waitFor();
    await button.evaluate((element: HTMLElement) => {
      element.focus();
      element.click();
      element.click();
    });
    await until("the request is sent", 10_000, async () => sent() > 0);
    // While it is on its way the button says so, and takes neither a click nor a key.
    expect(await button.getAttribute("aria-busy")).toBe("true");
    await button.evaluate((element: HTMLElement) => element.click());
    await page.keyboard.press("Enter");
    release();
    await requests.settled();
    expect(sent()).toBe(1);
    await page.context().close();
  });
}
