/**
 * The address of the page: the path says what is shown, the query how. Every view can be shared and
 * reloaded. Paths are relative to `/ui`, which may be below any prefix of a proxy.
 */

import { useEffect, useState } from "preact/hooks";
import { gatewayUrl } from "../../root.ts";

export interface Place {
  /** `/topics/orders`; `/` is the overview. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A value that is undefined is left out; several are repeated. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const root = gatewayUrl("/ui").pathname;
const listeners = new Set<() => void>();
/** What every address of a visit keeps. */
const kept = ["tz"];

export function currentPlace(): Place {
  const { pathname, search } = location;
  const path = pathname.startsWith(root) ? pathname.slice(root.length) : "";
  return { path: path.replace(/\/$/, "") || "/", query: new URLSearchParams(search) };
}

export function usePlace(): Place {
  const [place, setPlace] = useState(currentPlace);
  useEffect(() => {
    const update = () => setPlace(currentPlace());
    listeners.add(update);
    // It may have changed between the first drawing and now.
    update();
    return () => void listeners.delete(update);
  }, []);
  return place;
}

/** An address within the dashboard, for links: `hrefTo("/topics/orders", { live: "1" })`. */
export function hrefTo(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of typeof value === "string" ? [value] : (value ?? [])) search.append(name, one);
  }
  const now = new URLSearchParams(location.search);
  for (const name of kept) {
    const value = now.get(name);
    if (value !== null && !search.has(name)) search.set(name, value);
  }
  const text = search.toString();
  return `${root}${path === "/" ? "" : path}${text === "" ? "" : `?${text}`}`;
}

/** Names in a path. What may contain a slash belongs into the query. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

export interface Going {
  /** Replaces the entry in the browser's history instead of adding one. */
  readonly replace?: boolean;
}

export function go(path: string, query?: Query, going?: Going): void {
  goToHref(hrefTo(path, query), going);
}

function goToHref(href: string, { replace = false }: Going = {}): void {
  if (href === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  for (const listener of [...listeners]) listener();
}

/** Changes parts of the query and keeps the others. Replaces the entry, unless told otherwise. */
export function setQuery(changes: Query, { replace = true }: Going = {}): void {
  const { path, query } = currentPlace();
  const next: Record<string, readonly string[] | undefined> = {};
  for (const name of new Set(query.keys())) next[name] = query.getAll(name);
  for (const [name, value] of Object.entries(changes)) {
    next[name] = typeof value === "string" ? [value] : value;
    // What every address keeps can be removed here alone.
    if (value === undefined && kept.includes(name)) next[name] = [];
  }
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(next)) {
    for (const value of values ?? []) search.append(name, value);
  }
  const text = search.toString();
  const base = `${root}${path === "/" ? "" : path}`;
  goToHref(`${base}${text === "" ? "" : `?${text}`}`, { replace });
}

/** One parameter of the query as state: the fallback is not written into the address. */
export function useQueryText(
  name: string,
  fallback = "",
): readonly [string, (text: string) => void] {
  const { query } = usePlace();
  const set = (text: string) => setQuery({ [name]: text === fallback ? undefined : text });
  return [query.get(name) ?? fallback, set];
}

/** Follows links within the dashboard without loading the page again. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    for (const listener of [...listeners]) listener();
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || !isPlain(event) || link.target !== "" || link.hasAttribute("download")) {
      return;
    }
    const url = new URL(link.href);
    if (url.origin !== location.origin || !isWithin(url.pathname) || url.hash !== "") return;
    event.preventDefault();
    goToHref(url.pathname + url.search);
  });
}

function isPlain(event: MouseEvent): boolean {
  const { button, metaKey, ctrlKey, shiftKey, altKey, defaultPrevented } = event;
  return button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey && !defaultPrevented;
}

function isWithin(pathname: string): boolean {
  return pathname === root || (pathname.startsWith(`${root}/`) && !/\/assets\//.test(pathname));
}

/** Addresses of the first dashboard: `#topic/orders`, `#emitter/web-1`. */
export function leaveHash(): void {
  const match = /^#(emitter|topic)\/(.+)$/.exec(location.hash);
  if (match === null) return;
  try {
    const name = segment(decodeURIComponent(match[2] ?? ""));
    go(match[1] === "emitter" ? `/emitters/${name}` : `/topics/${name}`, {}, { replace: true });
  } catch {
    // A percent sign that was typed by hand: no name has one.
  }
}
