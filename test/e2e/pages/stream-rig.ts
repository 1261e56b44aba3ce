/** What tests of streams look at on a page. */

import type { Page } from "playwright-core";

/** The texts of the rows that are drawn: all of them where the list is short. */
export async function texts(page: Page): Promise<string[]> {
  return await page.locator(".line .text").allInnerTexts();
}

/** Those of all rows, which are drawn as the list is scrolled. */
export async function allTexts(page: Page): Promise<string[]> {
  const rows = await page.locator(".line-list").evaluate(async (list) => {
    const found = new Map<string, string>();
    for (let top = 0; ; top += list.clientHeight / 2) {
      list.scrollTop = top;
      await new Promise((resolve) => setTimeout(resolve, 60));
      for (const row of list.querySelectorAll(".line")) {
        const position = row.querySelector(".position")?.textContent ?? "";
        found.set(position, row.querySelector(".text")?.textContent ?? "");
      }
      if (top + list.clientHeight >= list.scrollHeight) break;
    }
    return [...found];
  });
  return rows.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
}

/** The number of events that a pane has received. */
export async function receivedCount(page: Page, pane = 0): Promise<number> {
  const text = await page.locator(".foot span", { hasText: "received" }).nth(pane).innerText();
  return Number(text.replaceAll(/\D/g, ""));
}
