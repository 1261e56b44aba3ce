import { expect, test } from "bun:test";
import { Turns } from "../../core/budget/turn.ts";
import { systemClock as clock } from "../../core/clock.ts";
import type { TopicConsumer } from "../../core/metrics/topic-figures.ts";
import { defaultTopicSettings } from "../../core/topic.ts";
import { createMemoryLog } from "../../log/memory/memory-log.ts";
import { TopicIndex } from "./topic-index.ts";

const lag = (kind: TopicConsumer["kind"], topic: string, lagMs: number): TopicConsumer => ({
  ...{ kind, topic, name: `of-${topic}`, node: "n", lagMs, lagBeforeMs: 0 },
  position: undefined,
});

test("the order by lag is that of projections: neither it nor `next` says how far a rule is behind", async () => {
  const log = createMemoryLog({ clock });
  for (const topic of ["a", "b", "c"]) await log.create(topic, defaultTopicSettings);
  const consumers = [
    lag("rule", "a", 90_000),
    lag("projection", "b", 500),
    lag("rule", "b", 34_567),
    lag("projection", "c", 2000),
  ];
  const index = new TopicIndex({
    log,
    clock,
    figures: () => ({
      activity: async () => new Map(),
      allActivity: async () => new Map(),
      consumers: async () => consumers,
      readers: async () => [],
      forget: async () => {},
    }),
  });
  const turn = new Turns().open();
  const pages: unknown[] = [];
  let after: string | undefined;
  do {
    const page = await index.page({ sort: "lag", after, limit: 1, turn, isShown: () => true });
    pages.push([...page.items.map(({ name }) => name), page.next]);
    after = page.next ?? undefined;
  } while (after !== undefined);
  expect(pages).toEqual([
    ["c", "-2000~c"],
    ["b", "-500~b"],
    ["a", null],
  ]);
});
