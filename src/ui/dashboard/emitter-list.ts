/** The emitters of the list as state of the page: the first part is polled, later parts on request. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { messageOf } from "../http.ts";
import { type EmitterInfo, type EmitterList, listEmitters } from "./gateway.ts";
import { usePolled } from "./poll.ts";

const listMs = 5000;

export interface LoadedEmitters {
  readonly emitters: readonly EmitterInfo[];
  readonly isLoaded: boolean;
  readonly failure: string | undefined;
  /** Undefined when there are no more. */
  readonly loadMore: (() => void) | undefined;
  readonly refresh: () => void;
}

/** A higher number of `changes` refreshes the list. */
export function useEmitters(ended: boolean, changes: number): LoadedEmitters {
  const first = usePolled(
    useCallback(() => listEmitters(undefined, ended), [ended]),
    listMs,
  );
  const [more, setMore] = useState<EmitterList>();
  const [failure, setFailure] = useState<string>();
  const { answer, refresh } = first;
  useEffect(() => {
    if (changes > 0) refresh();
  }, [changes, refresh]);
  useEffect(() => setMore(undefined), [ended]);

  const next = (more ?? answer)?.next ?? null;
  const loadAfter = (after: string) => {
    listEmitters(after, ended).then(
      (found) =>
        setMore({ emitters: [...(more?.emitters ?? []), ...found.emitters], next: found.next }),
      (error: unknown) => setFailure(messageOf(error)),
    );
  };
  return {
    emitters: uniqueById([...(answer?.emitters ?? []), ...(more?.emitters ?? [])]),
    isLoaded: answer !== undefined,
    failure: first.failure ?? failure,
    loadMore: next === null ? undefined : () => loadAfter(next),
    refresh,
  };
}

function uniqueById(emitters: readonly EmitterInfo[]): EmitterInfo[] {
  return [...new Map(emitters.map((emitter) => [emitter.id, emitter])).values()];
}
