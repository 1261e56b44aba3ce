/** Looks for a text in all sources at once, after a pause; hits stand as soon as their source answers. */

import { useEffect, useState } from "preact/hooks";
import { messageOf, Refused } from "../../../http.ts";
import { useMe } from "../../shell/session.ts";
import { findIn, type Hit, soughtText, type Source, sourcesFor } from "./sources.ts";

export interface Group {
  readonly kind: string;
  readonly hits: readonly Hit[];
}

export interface Finding {
  /** What the groups are for; the last one until the first hits of the next are there. */
  readonly text: string;
  /** In a fixed order, without those that have no hit. */
  readonly groups: readonly Group[];
  readonly isBusy: boolean;
  readonly failure: string | undefined;
}

const pauseMs = 200;
/** Until sources that did not answer are asked once more. */
const retryMs = 2000;
const nothing: Finding = { text: "", groups: [], isBusy: false, failure: undefined };

export function useFind(given: string): Finding {
  const me = useMe();
  const text = soughtText(given);
  const [finding, setFinding] = useState<Finding>(nothing);
  useEffect(() => {
    if (text === "") {
      setFinding(nothing);
      return undefined;
    }
    const stop = new AbortController();
    const asked = sourcesFor(me);
    const found = new Map<string, readonly Hit[]>();
    let failure: string | undefined;
    let waiting = 0;
    const show = () => {
      if (stop.signal.aborted) return;
      const groups = asked.flatMap(({ kind }) => {
        const hits = found.get(kind) ?? [];
        return hits.length === 0 ? [] : [{ kind, hits }];
      });
      // Until then those of the last text stay: nothing jumps while somebody types.
      if (groups.length === 0 && waiting > 0) return;
      setFinding({ text, groups, isBusy: waiting > 0, failure });
    };
    let timer: ReturnType<typeof setTimeout>;
    const ask = (sources: readonly Source[]) => {
      const unanswered: Source[] = [];
      failure = undefined;
      waiting = sources.length;
      for (const source of sources) {
        findIn(source, text, stop.signal)
          .then((hits) => void found.set(source.kind, hits))
          .catch((error: unknown) => {
            failure = messageOf(error);
            if (error instanceof Refused && error.isPassing) unanswered.push(source);
          })
          .finally(() => {
            waiting--;
            show();
            if (waiting > 0 || unanswered.length === 0 || stop.signal.aborted) return;
            timer = setTimeout(ask, retryMs, unanswered);
          });
      }
    };
    setFinding((old) => ({ ...old, isBusy: true }));
    timer = setTimeout(ask, pauseMs, asked);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, me]);
  return finding;
}
