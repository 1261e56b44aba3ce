/** Answers that are asked for again and again while the page is looked at. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../http.ts";

export interface Polled<Answer> {
  readonly answer: Answer | undefined;
  /** Why the last question failed; the last good answer stays. */
  readonly failure: string | undefined;
  readonly again: () => void;
}

/** `question` must keep its identity between renders; a new one is asked at once. */
export function usePolled<Answer>(
  question: () => Promise<Answer>,
  everyMs: number,
): Polled<Answer> {
  const [answer, setAnswer] = useState<Answer>();
  const [failure, setFailure] = useState<string>();
  const asked = useRef(0);

  const again = useCallback(() => {
    const turn = ++asked.current;
    question().then(
      (given) => {
        if (turn !== asked.current) return;
        setAnswer(() => given);
        setFailure(undefined);
      },
      (error: unknown) => {
        if (turn === asked.current) setFailure(messageOf(error));
      },
    );
  }, [question]);

  useEffect(() => {
    again();
    const timer = setInterval(() => {
      if (!document.hidden) again();
    }, everyMs);
    const shown = () => {
      if (!document.hidden) again();
    };
    document.addEventListener("visibilitychange", shown);
    return () => {
      asked.current++;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [again, everyMs]);

  return { answer, failure, again };
}
