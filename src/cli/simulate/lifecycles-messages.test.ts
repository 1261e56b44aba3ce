import { expect, test } from "bun:test";
import { type SampleEvent, sampleStages } from "../../features/lifecycle/sample-events.ts";
import { SimulatedMessages } from "./lifecycles-messages.ts";
import { createRandom } from "./random.ts";

function simulated(seed: number, ids = 500) {
  const options = { appId: "a", prefix: "m", rate: 1000, ids, missing: 0.1, duplicates: 0.05 };
  const messages = new SimulatedMessages(options, createRandom(seed), 1_795_000_000_000);
  const events: SampleEvent[] = [];
  let ms = 1_795_000_000_000;
  for (; !messages.isOver; ms += 50) events.push(...messages.take(ms));
  return { events, seconds: (ms - 1_795_000_000_000) / 1000 };
}

test("each message has its stages in order; some stop early, some are sent twice", () => {
  const { events } = simulated(1);
  const byId = Map.groupBy(events, ({ message_id }) => message_id);
  expect(byId.size).toBe(500);
  let short = 0;
  let twice = 0;
  for (const of of byId.values()) {
    const names = [...new Set(of.map(({ event }) => event))];
    twice += of.length - names.length;
    if (names.length < sampleStages.length) short++;
    const byTime = of.toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1));
    const order = [...new Set(byTime.map(({ event }) => event))];
    expect(order.length).toBe(names.length);
    expect(sampleStages.slice(0, names.length) as readonly string[]).toEqual(
      sampleStages.filter((stage) => names.includes(stage)),
    );
  }
  expect(short).toBeWithin(25, 90);
  expect(twice).toBeWithin(80, 250);
});

test("they come at their rate, and the same from the same seed", () => {
  const { events, seconds } = simulated(2, 2000);
  expect(events.length / seconds).toBeWithin(800, 1200);
  expect(simulated(2, 2000).events).toEqual(events);
  expect(simulated(3, 2000).events).not.toEqual(events);
});
