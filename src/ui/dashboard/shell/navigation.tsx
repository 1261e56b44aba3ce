/** Links to the pages that the caller may see something on. */

import { useEffect, useRef } from "preact/hooks";
import { hrefTo } from "./place.ts";
import { routes } from "./routes.ts";
import { mayAny, useMe } from "./session.ts";

export function Navigation({ path }: { readonly path: string }) {
  const me = useMe();
  const entries = routes.filter(
    ({ nav }) => nav !== undefined && (nav.needs === undefined || mayAny(me, nav.needs)),
  );
  const nav = useRef<HTMLElement>(null);
  const current = entries.find(({ path: to, nav: entry }) => isCurrent(path, entry?.under ?? to));
  // On a narrow window the entries are a row that is wider than the window.
  useEffect(() => {
    nav.current
      ?.querySelector('[aria-current="page"]')
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [current?.path]);
  return (
    <nav class="nav" aria-label="Pages" ref={nav}>
      <ul>
        {entries.map(({ path: to, nav }) => (
          <li key={to}>
            <a
              href={hrefTo(to)}
              {...(isCurrent(path, nav?.under ?? to) ? { "aria-current": "page" } : {})}
            >
              {nav?.name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function isCurrent(path: string, under: string): boolean {
  if (under === "/") return path === "/";
  return path === under || path.startsWith(`${under}/`);
}
