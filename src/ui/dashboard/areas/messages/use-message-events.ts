/** `EventSearch` for a page. */

import { useEffect, useState } from "preact/hooks";
import { EventSearch, type SearchState } from "./event-search.ts";

export interface MessageEvents extends SearchState {
  readonly loadOlder: () => void;
}

const none: SearchState = {
  entries: [],
  state: "loading",
  isSearching: true,
  hasOlder: false,
  failure: undefined,
};

/**
 * `expected`: how many events its lifecycles count, as far as that is known. `onEvent` is called for
 * each that comes live, and must keep its identity.
 */
export function useMessageEvents(
  messageId: string,
  mayReadTopic: boolean,
  expected: number | undefined,
  onEvent: () => void,
): MessageEvents {
  const [shown, setShown] = useState(none);
  const [search, setSearch] = useState<EventSearch>();
  useEffect(() => {
    setShown(none);
    const opened = new EventSearch({ messageId, mayReadTopic, onEvent, onChange: setShown });
    setSearch(opened);
    return () => opened.close();
  }, [messageId, mayReadTopic, onEvent]);
  useEffect(() => {
    if (expected !== undefined) search?.expect(expected);
  }, [search, expected]);
  return { ...shown, loadOlder: () => search?.loadOlder() };
}
