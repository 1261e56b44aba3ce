// What holds for every page of the dashboard: it is drawn from its address alone, in both themes, on
// a phone, without a complaint, without anything that a screen reader stumbles over.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { routes } from "../../../src/ui/dashboard/shell/routes.ts";
import { openAgain, pageTest } from "../../support/browser.ts";
import { addresses, fillGateway } from "../../support/dashboard.ts";
import { pageRig } from "../../support/pages.ts";

const axeScript = readFileSync(Bun.resolveSync("axe-core/axe.min.js", import.meta.dir), "utf8");
const shown = routes.map(({ path }) => path);

const rig = pageRig({ prepare: fillGateway });

test("every page has an address here", () => {
  expect(shown.filter((path) => addresses[path] === undefined)).toEqual([]);
});

/** Once the page's module is loaded and its requests are answered. */
async function settle(page: Page): Promise<void> {
  await page.locator("#page > :not(.notices)").first().waitFor();
  await page.locator("h1").first().waitFor();
  await page.waitForLoadState("networkidle").catch(() => {});
}

for (const path of shown) {
  const address = `/ui${addresses[path] ?? ""}`;
  pageTest(
    `${address} has nothing serious for axe, fits a phone, and survives a reload`,
    async () => {
      const page = await rig.open(address, { colorScheme: "light" });
      await settle(page);
      expect(await seriousFindings(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await seriousFindings(page)).toEqual([]);

      await page.setViewportSize({ width: 360, height: 740 });
      const heading = await page.locator("h1").first().innerText();
      const before = page.url();
      await openAgain(page);
      await settle(page);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      expect(page.url()).toBe(before);
      expect(await page.locator("h1").first().innerText()).toBe(heading);
    },
  );
}

async function seriousFindings(page: Page): Promise<string[]> {
  // Through the browser's protocol, which the policy of the page does not bind.
  await page.evaluate(`globalThis.axe ?? (() => { ${axeScript} })()`);
  const results = await page.evaluate(async (): Promise<AxeResults> => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: RunOptions): Promise<AxeResults> };
    };
    return await axe.run({ resultTypes: ["violations"] });
  });
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
