/** Answers that are requested repeatedly while the page is visible. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../../http.ts";

export interface Polled<Answer> {
  readonly answer: Answer | undefined;
  /** Why the last request failed; the last good answer stays. */
  readonly failure: string | undefined;
  readonly refresh: () => void;
}

/**
 * `send` must keep its identity between renders; a new one is called at once. Without `everyMs` it is called
 * again by `refresh` alone, and when the page is looked at again.
 */
export function usePolled<Answer>(
  send: () => Promise<Answer>,
  everyMs: number | undefined,
): Polled<Answer> {
  const [answer, setAnswer] = useState<Answer>();
  const [failure, setFailure] = useState<string>();
  /** Number of the newest request; answers of earlier ones are dropped. */
  const newest = useRef(0);
  const isWaiting = useRef(false);

  const refresh = useCallback(() => {
    const turn = ++newest.current;
    isWaiting.current = true;
    const take = (received: () => void) => {
      if (turn !== newest.current) return;
      isWaiting.current = false;
      received();
    };
    send().then(
      (received) =>
        take(() => {
          setAnswer(() => received);
          setFailure(undefined);
        }),
      (error: unknown) => take(() => setFailure(messageOf(error))),
    );
  }, [send]);

  useEffect(() => {
    refresh();
    // A gateway that takes longer than the interval would never be heard otherwise.
    const refreshIfVisible = () => {
      if (!document.hidden && !isWaiting.current) refresh();
    };
    const timer = everyMs === undefined ? undefined : setInterval(refreshIfVisible, everyMs);
    document.addEventListener("visibilitychange", refreshIfVisible);
    return () => {
      newest.current++;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", refreshIfVisible);
    };
  }, [refresh, everyMs]);

  return { answer, failure, refresh };
}
