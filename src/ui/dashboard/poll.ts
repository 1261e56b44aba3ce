/** Answers that are requested repeatedly while the page is visible. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../http.ts";

export interface Polled<Answer> {
  readonly answer: Answer | undefined;
  /** Why the last request failed; the last good answer stays. */
  readonly failure: string | undefined;
  readonly refresh: () => void;
}

/** `send` must keep its identity between renders; a new one is called at once. */
export function usePolled<Answer>(send: () => Promise<Answer>, everyMs: number): Polled<Answer> {
  const [answer, setAnswer] = useState<Answer>();
  const [failure, setFailure] = useState<string>();
  /** Number of the newest request; answers of earlier ones are dropped. */
  const newest = useRef(0);

  const refresh = useCallback(() => {
    const turn = ++newest.current;
    send().then(
      (received) => {
        if (turn !== newest.current) return;
        setAnswer(() => received);
        setFailure(undefined);
      },
      (error: unknown) => {
        if (turn === newest.current) setFailure(messageOf(error));
      },
    );
  }, [send]);

  useEffect(() => {
    refresh();
    const refreshIfVisible = () => {
      if (!document.hidden) refresh();
    };
    const timer = setInterval(refreshIfVisible, everyMs);
    document.addEventListener("visibilitychange", refreshIfVisible);
    return () => {
      newest.current++;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", refreshIfVisible);
    };
  }, [refresh, everyMs]);

  return { answer, failure, refresh };
}
