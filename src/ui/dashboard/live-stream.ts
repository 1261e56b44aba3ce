/** The live stream of an emitter or a topic, as state of the page. */

import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf, Refused } from "../http.ts";
import { initialView, Live, type LiveView } from "../live.ts";
import { readPage } from "./gateway.ts";
import type { Target } from "./target.ts";

export interface LiveStream {
  readonly view: LiveView;
  /** Undefined until the stream is open, and after it has ended. */
  readonly togglePause: (() => void) | undefined;
}

/** How long to wait before an unavailable gateway is tried again. */
const retryMs = 2000;

/** Reads the newest page first and then the stream after it, so that nothing between is missed. */
export function useLiveStream(target: Target, isLive: boolean): LiveStream {
  const [view, setView] = useState<LiveView>(initialView);
  const live = useRef<Live | undefined>(undefined);

  useEffect(() => {
    if (!isLive) return undefined;
    let isClosed = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    setView(initialView);
    const begin = async () => {
      try {
        const { events, prev } = await readPage(target, {});
        if (isClosed) return;
        const older = prev !== null;
        const after = events.at(-1)?.position ?? "earliest";
        setView({ ...initialView, events, older });
        live.current = new Live(target.stream, { events, older, after }, setView);
      } catch (error) {
        if (isClosed) return;
        const isPassing = error instanceof Refused && error.isPassing;
        setView({
          ...initialView,
          state: isPassing ? "waiting" : "refused",
          why: messageOf(error),
        });
        if (isPassing) timer = setTimeout(() => void begin(), retryMs);
      }
    };
    void begin();
    return () => {
      isClosed = true;
      clearTimeout(timer);
      live.current?.close();
      live.current = undefined;
    };
  }, [target, isLive]);

  const isOver = view.state === "ended" || view.state === "refused";
  const toggle = () => (view.state === "paused" ? live.current?.resume() : live.current?.pause());
  return { view, togglePause: live.current === undefined || isOver ? undefined : toggle };
}
