/** The source that the panel watches, as state of the page. */

import { useEffect, useRef, useState } from "preact/hooks";
import { initialView } from "../live.ts";
import type { Source, SourceView } from "./source-view.ts";
import { openSource, type SourceName } from "./source.ts";

export interface Watched {
  readonly view: SourceView;
  readonly isOpen: boolean;
  start(name: SourceName, emitter: string): void;
  /** Keeps the events on the screen. */
  stop(): void;
  /** Stops and shows nothing. */
  clear(): void;
  togglePause(): void;
  reconnect(): void;
  send(text: string): void;
}

const closedView: SourceView = { ...initialView, state: "closed" };

export function useWatched(): Watched {
  const [view, setView] = useState<SourceView>(closedView);
  const source = useRef<Source | undefined>(undefined);
  useEffect(() => () => source.current?.close(), []);

  const close = () => {
    source.current?.close();
    source.current = undefined;
  };
  return {
    view,
    isOpen: view.state !== "closed" && view.state !== "ended" && view.state !== "refused",
    start(name, emitter) {
      close();
      setView(initialView);
      source.current = openSource(name, emitter, setView);
    },
    stop() {
      close();
      setView({ ...view, state: "closed", why: undefined });
    },
    clear() {
      close();
      setView(closedView);
    },
    togglePause: () =>
      view.state === "paused" ? source.current?.resume() : source.current?.pause(),
    reconnect: () => source.current?.reconnect(),
    send: (text) => source.current?.send(text),
  };
}
