/** What of a page the keyboard can reach, and what takes the mouse alone. */

import type { CDPSession, Page } from "playwright-core";

/** More than any page has. */
const tabsMax = 400;

/** What somebody meets who presses Tab until it begins again. */
export interface Stop {
  /** How the report names it. */
  readonly name: string;
  /** What is wrong with it; empty: nothing. */
  readonly fault: string;
}

/**
 * Presses Tab from the top of the page, or of its dialog, until it begins again. `missed`: what can have
 * the focus and did not get it, which a trap shows as well.
 */
export async function walk(page: Page): Promise<{ stops: readonly Stop[]; missed: string[] }> {
  await page.evaluate(prepareWalk);
  const stops: Stop[] = [];
  let left = 0;
  for (let presses = 0; presses < tabsMax && left < 2; presses++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(lookAtFocus);
    // Behind the last one the focus leaves the page, and comes back to its first.
    if (stop === undefined) left++;
    else if (stop.isKnown) break;
    else stops.push(stop);
  }
  return { stops, missed: await page.evaluate(findMissed) };
}

/** Names what can have the focus, and begins at the top. */
function prepareWalk(): void {
  const root = document.querySelector("dialog:modal") ?? document.body;
  for (const one of document.querySelectorAll("[data-walked]")) one.removeAttribute("data-walked");
  if (root === document.body && document.activeElement instanceof HTMLElement) {
    document.activeElement.blur();
    // Browsers go on from where the focus was; a selection at the top begins there.
    getSelection()?.setPosition(document.body, 0);
  }
}

function lookAtFocus(): (Stop & { readonly isKnown: boolean }) | undefined {
  const element = document.activeElement;
  if (element === null || element === document.body) return undefined;
  const isKnown = element.hasAttribute("data-walked");
  element.setAttribute("data-walked", "");
  const text = element.getAttribute("aria-label") ?? element.textContent;
  const name = `${element.localName}.${element.className} "${text.trim().slice(0, 40)}"`;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 10)];
  const top = document.elementFromPoint(x, y);
  const isCovered = top === null || !(element.contains(top) || top.contains(element));
  const faults = [
    outlineStyle === "none" || parseFloat(outlineWidth) < 1 ? "its focus cannot be seen" : "",
    box.width === 0 || box.height === 0 ? "it has no size" : "",
    isCovered ? `it is covered by ${top?.localName ?? "nothing"}.${top?.className ?? ""}` : "",
  ];
  return { name, isKnown, fault: faults.filter((fault) => fault !== "").join(", ") };
}

function findMissed(): string[] {
  const root = document.querySelector("dialog:modal") ?? document.body;
  const can = 'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])';
  return [...root.querySelectorAll<HTMLElement>(can)]
    .filter((one) => one.tabIndex >= 0 && !one.matches(":disabled") && one.checkVisibility())
    .filter((one) => !one.hasAttribute("data-walked"))
    .map((one) => one.outerHTML.slice(0, 120));
}

/** What listens for the mouse on a page. */
export interface Listening {
  /** It, or what is around it, as a test names it. */
  readonly name: string;
  /** `native`: the browser gives it to the keyboard. `composite`: within something that takes keys. */
  readonly kind: "native" | "composite" | "mouse alone";
}

const mouse =
  /^(?:click|dblclick|auxclick|contextmenu|wheel|mouse\w+|pointer\w+|touch\w+|drag\w*|drop)$/;

/** All that has a listener for the mouse, by the browser's own list. */
export async function mouseListeners(page: Page): Promise<readonly Listening[]> {
  const session = await page.context().newCDPSession(page);
  const keys = await nodesWith(session, (type) => type === "keydown");
  await mark(session, keys, "data-takes-keys");
  await mark(session, await nodesWith(session, (type) => mouse.test(type)), "data-takes-mouse");
  await session.detach();
  return await page.evaluate(classify);
}

async function nodesWith(
  session: CDPSession,
  isWanted: (type: string) => boolean,
): Promise<number[]> {
  const { result } = await session.send("Runtime.evaluate", { expression: "document.body" });
  const { listeners } = await session.send("DOMDebugger.getEventListeners", {
    objectId: result.objectId ?? "",
    depth: -1,
  });
  const nodes = listeners.filter(({ type }) => isWanted(type)).map((one) => one.backendNodeId ?? 0);
  return [...new Set(nodes)];
}

async function mark(session: CDPSession, nodes: readonly number[], name: string): Promise<void> {
  const functionDeclaration = `function () { this.setAttribute?.("${name}", ""); }`;
  const markOne = async (backendNodeId: number) => {
    const { object } = await session.send("DOM.resolveNode", { backendNodeId });
    const { objectId = "" } = object;
    await session.send("Runtime.callFunctionOn", { objectId, functionDeclaration });
  };
  // A row may have left its list meanwhile.
  await Promise.allSettled(nodes.map(markOne));
}

function classify(): Listening[] {
  const native = "a[href], button, input, select, textarea, summary, option";
  return [...document.querySelectorAll<HTMLElement>("[data-takes-mouse]")].map((element) => {
    // Options of a field that chooses among them by its own keys.
    const options = element.closest('[role="listbox"]')?.id ?? "";
    const around =
      element.closest('[tabindex="0"][role][data-takes-keys]') ??
      document.querySelector(`[role="combobox"][aria-controls="${options}"][data-takes-keys]`);
    const named = around ?? element;
    const role = named.getAttribute("role") ?? named.localName;
    const label = named.getAttribute("aria-label") ?? named.getAttribute("class") ?? "";
    const name = `${role} ${label}`.trim();
    const isNative = element.matches(native) && element.tabIndex >= 0;
    if (isNative) return { name, kind: "native" };
    if (around !== null) return { name, kind: "composite" };
    // The click that a key makes of a button within it comes to it as well.
    if (element.querySelector("button") !== null) return { name, kind: "native" };
    return { name: element.outerHTML.slice(0, 120), kind: "mouse alone" };
  });
}
