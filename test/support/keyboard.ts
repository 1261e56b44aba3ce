/** A page as somebody has it who uses no mouse. */

import type { Locator, Page } from "playwright-core";

/** More than any page has. */
const tabsMax = 400;

/** Presses Tab until it has the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < tabsMax; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Cannot reach ${String(target)}: Tab has not come to it in ${tabsMax} presses`);
}

/** Goes there and presses a key. */
export async function pressOn(page: Page, target: Locator, key = "Enter"): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press(key);
}

/** Goes to a field and replaces what is in it. */
export async function typeInto(page: Page, target: Locator, text: string): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.type(text);
}

/** Nothing is on its way to the gateway, and what came is drawn. */
export interface Requests {
  settled(): Promise<void>;
}

export function watchRequests(page: Page): Requests {
  const open = new Set<unknown>();
  page.on("request", (request) => open.add(request));
  for (const over of ["requestfinished", "requestfailed"] as const) {
    page.on(over as "requestfinished", (request) => void open.delete(request));
  }
  const drawn = () =>
    page.evaluate(
      () =>
        new Promise<void>((resolve) =>
          requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 0))),
        ),
    );
  return {
    async settled() {
      do await drawn();
      while (open.size > 0);
      await drawn();
    },
  };
}
