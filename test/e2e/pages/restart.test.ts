// The gateway is killed and restarted while every page of the dashboard is open: each says that it is
// away, keeps what it shows, and goes on.

import type { Page } from "playwright-core";
import { routes } from "../../../src/ui/dashboard/shell/routes.ts";
import { pageTest } from "../../support/browser.ts";
import { addresses, fillGateway } from "../../support/dashboard.ts";
import { lostOrRefused, pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";

const tabsAtOnce = 8;
const stepMsMax = 20_000;
const shown = routes.map(({ path }) => `/ui${addresses[path] ?? ""}`);

// The console reports lost connections.
const rig = pageRig({ isOwn: true, prepare: fillGateway, expected: lostOrRefused });

for (let at = 0; at < shown.length; at += tabsAtOnce) {
  const group = shown.slice(at, at + tabsAtOnce);
  pageTest(`pages ${at + 1} to ${at + group.length} outlive the gateway's death`, async () => {
    const tabs = await Promise.all(
      group.map(async (address) => {
        const page = await rig.open(address);
        await page.locator("h1").first().waitFor();
        await state(page, "Ready");
        return { page, address, heading: await headingOf(page) };
      }),
    );
    await rig.kill();
    await Promise.all(tabs.map(({ page }) => state(page, "The gateway does not answer")));
    await rig.restart();
    await Promise.all(
      tabs.map(async ({ page, address, heading }) => {
        await state(page, "Ready");
        await until(`${address} has its heading again`, stepMsMax, async () => {
          return (await headingOf(page)) === heading;
        });
      }),
    );
  });
}

pageTest(
  "the events of a message, and a record, are read once the gateway answers again",
  async () => {
    const away = "The gateway does not answer";
    const page = await rig.tab();
    const events = /\/v1\/topics\/lifecycle\/records\?/;
    await page.route(events, (route) => route.abort());
    await page.goto(`${rig.gateway.url}/ui/messages/one?app=shop&id=order-2`);
    await page.locator("#page").getByText(away).first().waitFor();
    await page.unroute(events);
    await page.getByText(/^[1-9]\d* shown, newest first/).waitFor();

    const record = /\/v1\/topics\/orders\/records\/[^?]+\?/;
    await page.goto(`${rig.gateway.url}/ui/topics/orders`);
    await page.route(record, (route) => route.abort());
    await page.locator(".record-row[data-position]").first().click();
    await page.locator(".record-view").getByText(away).waitFor();
    await page.unroute(record);
    await page.locator(".record-view").getByText("Send again…").waitFor();
  },
);

pageTest(
  "a page that was not loaded yet, and a search, come once the gateway answers",
  async () => {
    const page = await rig.open("/ui/topics");
    await page.locator("h1", { hasText: "Topics" }).waitFor();
    const finding = await rig.open("/ui/find");
    await finding.locator("#page").getByRole("combobox").waitFor();
    await rig.kill();
    await page.getByRole("navigation").getByRole("link", { name: "Schemas" }).click();
    await page.getByText("Cannot load this page").waitFor();
    await finding.locator("#page").getByRole("combobox").fill("order");
    await finding.locator("#page").getByText("The gateway does not answer").first().waitFor();
    await rig.restart();
    await page.locator("h1", { hasText: "Schemas" }).waitFor();
    await finding
      .locator("#page")
      .getByRole("option", { name: /orders/ })
      .first()
      .waitFor();
  },
);

/** Without the name of the node, which is another one after a restart. */
async function headingOf(page: Page): Promise<string> {
  const heading = await page.locator("h1").first().innerText();
  return heading.replace(/^Node .*/, "Node");
}

async function state(page: Page, text: string): Promise<void> {
  await page.locator(".bar").getByText(text, { exact: true }).waitFor();
}
