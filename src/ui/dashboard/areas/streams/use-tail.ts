/** The tail of a source as state of the page. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Shown } from "../../../badge.tsx";
import { useLink } from "../../shell/live.ts";
import { useSession } from "../../shell/session.ts";
import { parsePlaced, printPlaced, type Source, type StreamFilter } from "./source.ts";
import { initialTail, nothingFiltered, Tail, type TailView } from "./tail.ts";

export interface ShownTail {
  readonly view: TailView;
  /** As the badge has it: what the tab's socket and session say counts as well. */
  readonly badge: Shown;
  /** When the session ended, in milliseconds since 1970; undefined: it has not. */
  readonly endedAt: number | undefined;
  /** Undefined where there is nothing to pause. */
  readonly togglePause: (() => void) | undefined;
}

/** Where `isOn` is false, nothing is read. */
export function useTail(
  source: Source,
  after: string | undefined,
  { isOn = true, filter = nothingFiltered }: { isOn?: boolean; filter?: StreamFilter } = {},
): ShownTail {
  const [view, setView] = useState(initialTail);
  const tail = useRef<Tail | undefined>(undefined);
  const name = printPlaced(source);
  // The page makes another object of it whenever it reads its address.
  const same = useMemo(() => parsePlaced(name)?.source ?? source, [name]);
  const { where, text } = filter;
  useEffect(() => {
    if (!isOn) return undefined;
    setView(initialTail);
    const own = new Tail(same, after, { where, text }, setView);
    tail.current = own;
    return () => {
      own.close();
      tail.current = undefined;
    };
  }, [same, after, isOn, where, text]);

  const link = useLink();
  const { endedAt } = useSession();
  const { state } = view;
  const toggle = () => (state === "paused" ? tail.current?.resume() : tail.current?.pause());
  const isOver = state === "ended" || state === "refused";
  return {
    view,
    badge: badgeOf(state, link.state, endedAt !== undefined),
    endedAt,
    togglePause: isOver ? undefined : toggle,
  };
}

function badgeOf(
  state: TailView["state"],
  link: ReturnType<typeof useLink>["state"],
  isOut: boolean,
): Shown {
  if (state === "ended" || state === "refused" || state === "paused") return state;
  if (isOut) return "out";
  if (link === "waiting") return "waiting";
  return state === "reading" && link === "live" ? "live" : "connecting";
}
