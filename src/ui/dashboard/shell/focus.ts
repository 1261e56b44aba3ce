/**
 * Where the keyboard goes on when what had the focus is gone: a panel that was closed, a row that left its
 * list, a page that was left. Browsers then begin at the top of the document, and say nothing.
 */

import { useEffect, useRef } from "preact/hooks";

/** Elements that are remembered: weakly, so that no page that was left is kept by them. */
const knownMax = 64;
const pageId = "page";
/** Keys that open and close. */
const pressKeys = ["Enter", "Escape"];

interface Known {
  readonly element: WeakRef<HTMLElement>;
  readonly tag: string;
  readonly name: string;
}

/** For as long as the document is there. */
export function keepFocus(): void {
  /** What had the focus, the newest last, and what was pressed. */
  let focused: readonly Known[] = [];
  let pressed: readonly Known[] = [];
  let last: HTMLElement | undefined;
  let list: HTMLElement | null = null;
  let isFollowed = false;
  document.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    last = target;
    list = target.closest<HTMLElement>('[role="list"][tabindex]');
    isFollowed = false;
    focused = remember(focused, target);
  });
  document.addEventListener("focusout", ({ target }) => {
    // An element that is removed is left as well: what is still there was left on purpose.
    queueMicrotask(() => {
      const isThere = target instanceof Element && target.isConnected;
      if (isThere && target === last && document.activeElement !== target) last = undefined;
    });
  });
  const press = ({ target }: Event) => {
    isFollowed = target instanceof Element && target.closest("a") !== null;
    pressed = remember(pressed, document.activeElement);
  };
  document.addEventListener("click", press, { capture: true });
  document.addEventListener(
    "keydown",
    (event) => void (pressKeys.includes(event.key) && press(event)),
    { capture: true },
  );
  const restore = () => {
    if (last === undefined || last.isConnected || document.activeElement !== document.body) return;
    // What was pressed leads back to what had opened it; what went by itself, to what is beside it.
    const wasPressed = pressed.at(-1)?.element.deref() === last;
    const back = list?.isConnected === true ? list : thereOf(wasPressed ? pressed : focused);
    // Who follows a link wants what it leads to.
    const next = isFollowed && wasPressed ? undefined : back;
    (next ?? document.getElementById(pageId))?.focus({ preventScroll: true });
  };
  new MutationObserver(restore).observe(document.body, { childList: true, subtree: true });
}

function remember(known: readonly Known[], element: Element | null): readonly Known[] {
  const isNamed = element instanceof HTMLElement && element !== document.body;
  if (!isNamed || element.id === pageId) return known;
  const others = known.filter((one) => one.element.deref() !== element);
  const one = { element: new WeakRef(element), tag: element.localName, name: nameOf(element) };
  return [...others, one].slice(-knownMax);
}

/** The newest of them that is on the page, or what has taken its place. */
function thereOf(known: readonly Known[]): HTMLElement | undefined {
  for (const one of known.toReversed()) {
    const element = one.element.deref();
    const there = element?.isConnected === true ? element : successorOf(one);
    if (there?.checkVisibility() === true && !there.matches(":disabled")) return there;
  }
  return undefined;
}

/** The one element that says the same: a button that opened a panel is drawn again when that is closed. */
function successorOf({ tag, name }: Known): HTMLElement | undefined {
  if (name === "") return undefined;
  const all = [...document.querySelectorAll<HTMLElement>(tag)];
  const same = all.filter((element) => nameOf(element) === name);
  return same.length === 1 ? same[0] : undefined;
}

function nameOf(element: HTMLElement): string {
  return element.getAttribute("aria-label") ?? element.textContent;
}

/** After a link was followed, the keyboard and the screen reader go on at the new page. */
export function useFocusOnMove(path: string, main: { readonly current: HTMLElement | null }): void {
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else {
      main.current?.focus({ preventScroll: true });
      main.current?.scrollTo(0, 0);
    }
  }, [path, main]);
}
