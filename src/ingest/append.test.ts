import { expect, test } from "bun:test";
import { Allowance } from "../core/access/allowance.ts";
import { Batch } from "../core/batch.ts";
import { systemClock as clock } from "../core/clock.ts";
import { jsonType } from "../core/record.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { createMemoryLog } from "../log/memory/memory-log.ts";
import { appendOrCreate } from "./append.ts";

const value = new TextEncoder().encode("1");
const batch = () => Batch.of([{ value, key: "", contentType: jsonType, schemaId: 0, timeNs: 1n }]);

/** A log that takes a moment to create a topic, and counts how often it does. */
function slowLog() {
  const memory = createMemoryLog({ clock });
  const created: string[] = [];
  return {
    created,
    append: memory.append.bind(memory),
    async create(...[topic, settings]: Parameters<typeof memory.create>) {
      created.push(topic);
      await Bun.sleep(5);
      return await memory.create(topic, settings);
    },
  };
}

test("appends that come together create their topic once, and one of them pays for it", async () => {
  const log = slowLog();
  const limits = { requestsPerSecond: 0, recordsPerSecond: 0, bytesPerSecond: 0, streamsMax: 0 };
  const allowance = new Allowance({ ...limits, createsPerHour: 3 }, clock, () => {});
  const append = (topic: string) =>
    appendOrCreate(log, defaultTopicSettings, topic, batch(), undefined, allowance);
  const appended = await Promise.all(Array.from({ length: 20 }, () => append("first")));
  expect(appended.map(({ first }) => first.sequence)).toEqual(appended.map((_, i) => i + 1));
  await append("second");
  expect(log.created).toEqual(["first", "second"]);
  await append("third");
  await expect(append("fourth")).rejects.toThrow(
    "expected at most 3 in an hour (SLUICE_CALLER_CREATES_PER_HOUR)",
  );
});
