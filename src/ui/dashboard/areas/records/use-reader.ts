/** The reader of the page as state of a component: a new one for each topic, filter and start. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type ReaderState, RecordsReader } from "./reader.ts";
import type { RecordsView } from "./view.ts";

export interface UsedReader {
  readonly reader: RecordsReader | undefined;
  readonly state: ReaderState | undefined;
}

export function useReader(topic: string, view: RecordsView): UsedReader {
  const { from, key, where, text, cols, live } = view;
  const [, redraw] = useState(0);
  const used = useRef<RecordsReader | undefined>(undefined);
  // What a new reader takes over: a reader that was paused stays so.
  const wasPaused = useRef(false);
  const shape = cols.some((col) => col.startsWith("value."));

  useEffect(() => {
    const reader = new RecordsReader(topic, view, wasPaused.current && live, () =>
      redraw((count) => count + 1),
    );
    used.current = reader;
    redraw((count) => count + 1);
    return () => {
      wasPaused.current = reader.state.tail === "paused";
      reader.close();
    };
  }, [topic, from, key, where, text, shape, view.view, live]);

  return { reader: used.current, state: used.current?.state };
}
