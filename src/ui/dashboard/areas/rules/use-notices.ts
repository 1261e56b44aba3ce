/** What rules report of overdue ids, over the tab's socket, as a hint to read a list again. */

import { useCallback, useEffect, useRef } from "preact/hooks";
import { usePolled } from "../../kit/polled.ts";
import { type LiveReading, readLive } from "../../shell/live.ts";
import { listRules, type Rule } from "./api.ts";

/** A hint comes so soon after a notice, and another one not before `hintMs.apart`. */
const hintMs = { soon: 200, apart: 2000 };
/** Rules that are created meanwhile are watched after so long. */
const rulesMs = 10_000;
/** A socket has a thousand subscriptions, which the pages of a tab share. */
const rulesMax = 500;

/** `onHint` must keep its identity between renders. */
export function useNotices(onHint: () => void): void {
  const { answer: names } = usePolled(watchedRules, rulesMs);
  const readings = useRef(new Map<string, LiveReading>());
  const newest = useRef(onHint);
  newest.current = onHint;
  const hint = useHints(useCallback(() => newest.current(), []));
  useEffect(() => {
    const open = readings.current;
    const wanted = new Set(names);
    for (const [rule, reading] of open) {
      if (wanted.has(rule)) continue;
      reading.close();
      open.delete(rule);
    }
    for (const rule of wanted) {
      if (open.has(rule)) continue;
      const over = () => void open.delete(rule);
      // What has changed before it is in effect is in the list that is read after it.
      open.set(rule, readLive({ rule }, "live", { event: hint, reset: hint, ready: hint, over }));
    }
  }, [names, hint]);
  useEffect(() => {
    const open = readings.current;
    return () => {
      for (const reading of open.values()) reading.close();
      open.clear();
    };
  }, []);
}

/** Many calls become one, a moment later; none while the page is not looked at. */
function useHints(onHint: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const lastMs = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    const waitMs = lastMs.current + hintMs.apart - performance.now();
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined;
        lastMs.current = performance.now();
        if (!document.hidden) onHint();
      },
      Math.max(hintMs.soon, waitMs),
    );
  }, [onHint]);
}

/** Rules whose ids the caller may read, and that have a deadline. */
async function watchedRules(): Promise<readonly string[]> {
  const found: Rule[] = [];
  let after: string | undefined;
  do {
    const { items, next } = await listRules(after);
    found.push(...items.filter(isWatched));
    after = next;
  } while (after !== undefined && found.length < rulesMax);
  return found.slice(0, rulesMax).map(({ name }) => name);
}

function isWatched({ deadline_ms: deadlineMs, counts }: Rule): boolean {
  return deadlineMs !== undefined && counts !== undefined;
}
