// What a narrow window shows: nothing is cut off at its side, and names can be read.

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { pageTest } from "../../support/browser.ts";
import { post } from "../../support/http.ts";
import { pageRig } from "../../support/pages.ts";

const rig = pageRig({ isOwn: true });
const viewport = { width: 360, height: 740 };

/** What reaches beyond the window, where nothing scrolls. */
async function cutOff(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const scrolls = (element: Element | null): boolean => {
      if (element === null || element.id === "page") return false;
      const { overflowX } = getComputedStyle(element);
      return /auto|scroll|hidden|clip/.test(overflowX) || scrolls(element.parentElement);
    };
    return [...document.querySelectorAll("#page *")]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .filter((element) => !scrolls(element.parentElement))
      .map((element) => element.outerHTML.slice(0, 80));
  });
}

for (const [path, text] of [
  ["/topics", "No topics yet"],
  ["/streams", "Watch several streams side by side"],
  ["/access", "The first key closes the gateway"],
] as const) {
  pageTest(`/ui${path} is not cut off`, async () => {
    const page = await rig.open(`/ui${path}`, { viewport });
    await page.getByText(text).waitFor();
    expect(await cutOff(page)).toEqual([]);
  });
}

pageTest("the list of series shows the whole of a usual tag", async () => {
  const measured = { time: `${Date.now()}000000`, tag: "boiler-7/pressure", values: [20.5] };
  await post(`${rig.gateway.url}/save`, measured);
  const page = await rig.open("/ui/series", { viewport });
  const tag = page.getByRole("link", { name: "boiler-7/pressure" });
  await tag.waitFor();
  await page.getByText("silent for").first().waitFor();
  expect(await tag.evaluate((link) => link.scrollWidth <= link.clientWidth + 1)).toBe(true);
  expect(await cutOff(page)).toEqual([]);
});
