/** The frame of every page: the bar at the top, the navigation, what is wrong with the connection, and the page. */

import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../../error-message.tsx";
import { messageOf } from "../../http.ts";
import { gatewayUrl } from "../../root.ts";
import { Bar } from "./bar.tsx";
import { useFocusOnMove } from "./focus.ts";
import { Navigation } from "./navigation.tsx";
import { Notices } from "./notices.tsx";
import type { PageProps } from "./page.ts";
import { leaveHash, usePlace } from "./place.ts";
import { findRoute, type Found, type Route } from "./routes.ts";
import { useSession } from "./session.ts";
import { SignIn } from "./sign-in.tsx";

export function App() {
  const { path } = usePlace();
  const session = useSession();
  const found = findRoute(path);
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    addEventListener("hashchange", leaveHash);
    return () => removeEventListener("hashchange", leaveHash);
  }, []);
  useFocusOnMove(path, main);
  const title = found?.route.title ?? "Not found";
  useEffect(() => {
    document.title = path === "/" ? "Sluice" : `${title} · Sluice`;
  }, [path, title]);

  const isOut = session.endedAt !== undefined;
  return (
    <>
      <a class="skip" href="#page">
        To the page
      </a>
      <Bar />
      <div class="frame">
        <Navigation path={path} />
        <main id="page" ref={main} tabIndex={-1} class={isOut && session.hadBegun ? "dimmed" : ""}>
          <Notices />
          {session.me === undefined || (isOut && !session.hadBegun) ? (
            <Beginning />
          ) : (
            <Shown found={found} path={path} />
          )}
        </main>
      </div>
      {isOut && <SignIn />}
    </>
  );
}

function Beginning() {
  const { failure } = useSession();
  return failure === undefined ? null : <ErrorMessage text={failure} />;
}

function Shown({ found, path }: { readonly found: Found | undefined; readonly path: string }) {
  if (found === undefined) {
    return (
      <div class="page">
        <h1>There is no such page</h1>
        <p>
          Nothing is at <code>{path}</code>. The navigation leads to what is there.
        </p>
      </div>
    );
  }
  // Nothing of another topic, rule or node stays on the page of this one.
  const key = JSON.stringify([found.route.path, found.params]);
  return <LoadedPage key={key} route={found.route} params={found.params} />;
}

/** Between two looks whether the gateway answers. */
const lookMs = 2000;
/** A page that was loaded a moment ago would fail for the same reason. */
const loadedMs = 10_000;

/** The whole document: a browser may remember that a module could not be loaded. */
function useReloadOnAnswer(isFailed: boolean): void {
  useEffect(() => {
    if (!isFailed) return undefined;
    const look = async () => {
      if (performance.now() < loadedMs) return;
      const response = await fetch(gatewayUrl("/livez")).catch(() => undefined);
      if (response?.ok === true) location.reload();
    };
    const timer = setInterval(() => void look(), lookMs);
    return () => clearInterval(timer);
  }, [isFailed]);
}

/** The page's module, loaded when it is first shown. */
function LoadedPage({ route, params }: { readonly route: Route } & PageProps) {
  const [page, setPage] = useState<{ readonly Page: ComponentType<PageProps> }>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    route.load().then(
      (Page) => setPage({ Page }),
      (error: unknown) => setFailure(messageOf(error)),
    );
  }, [route]);
  useReloadOnAnswer(failure !== undefined);
  if (failure !== undefined) {
    return (
      <div class="page">
        <ErrorMessage text={`Cannot load this page: ${failure}`} />
        <p>
          The gateway may be away, or have another version by now. The page is loaded once it
          answers.
        </p>
        <button type="button" class="primary" onClick={() => location.reload()}>
          Load again
        </button>
      </div>
    );
  }
  if (page === undefined) return null;
  return <page.Page params={params} />;
}
