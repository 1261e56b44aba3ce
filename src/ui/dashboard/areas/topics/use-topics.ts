/** The pages of the list that were scrolled to, and the activity of the rows that are visible. */

import { useCallback, useRef } from "preact/hooks";
import { usePolledPages } from "../../kit/polled-pages.ts";
import { usePolled } from "../../kit/polled.ts";
import {
  type Activity,
  listTopics,
  readActivity,
  type Topic,
  type TopicQuery,
} from "./topics-api.ts";

const listMs = 10_000;
const activityMs = 5000;
/** As many as the gateway answers at once. */
const namesMax = 100;

export function useTopics({ q, sort, internal }: TopicQuery) {
  const read = useCallback(
    async (after?: string) => {
      const { topics: items, next } = await listTopics({
        ...{ q, sort, internal },
        ...(after === undefined ? {} : { after }),
      });
      return { items, next };
    },
    [q, sort, internal],
  );
  const { items: topics, ...list } = usePolledPages(read, listMs, nameOf);
  return { topics, ...list };
}

const nameOf = ({ name }: Topic) => name;

/** Of the rows from `first` to before `last`. */
export function useActivity(
  topics: readonly Topic[] | undefined,
  [first, last]: readonly [number, number],
): ReadonlyMap<string, Activity> {
  const names = (topics ?? [])
    .slice(first, Math.min(last, first + namesMax))
    .map(({ name }) => name)
    .join(",");
  const send = useCallback(
    async () => (names === "" ? [] : await readActivity(names.split(","))),
    [names],
  );
  const { answer } = usePolled(send, activityMs);
  const known = useRef(new Map<string, Activity>());
  for (const activity of answer ?? []) known.current.set(activity.topic, activity);
  return known.current;
}
