import { expect, test } from "bun:test";
import type { TopicConsumer } from "../../../core/metrics/topic-figures.ts";
import { describeLag } from "./shown-lag.ts";

const lag = (kind: TopicConsumer["kind"], name: string, topic: string, lagMs: number) => ({
  ...{ kind, name, topic, lagMs, node: "n", lagBeforeMs: 0 },
  position: undefined,
});

test("the lag of a rule is of its topics, not of those that another of its name had before", () => {
  const rule = { name: "orders", places: { topics: ["a", "b"], id: { key: true as const } } };
  const before = lag("rule", "orders", "secret", 90_000);
  const others = [lag("rule", "other", "a", 80_000), lag("projection", "orders", "a", 70_000)];
  expect(describeLag(rule, [before, ...others])).toBeNull();
  const own = [lag("rule", "orders", "a", 1000), lag("rule", "orders", "b", 2000)];
  expect(describeLag(rule, [before, ...others, ...own])).toEqual({
    topic: "b",
    lag_s: 2,
    lag_before_s: 0,
    node: "n",
  });
  const ofEvents = { name: "orders", places: { events: ["SENT"], appId: "shop" } };
  const events = lag("rule", "orders", "lifecycle", 3000);
  expect(describeLag(ofEvents, [before, events])).toMatchObject({ topic: "lifecycle", lag_s: 3 });
});
