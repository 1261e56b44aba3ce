/** A collector on a log in memory whose appends take two milliseconds, are counted, and fail on request. */

import { Turns } from "../../src/core/budget/turn.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import type { Failure } from "../../src/core/failure.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { defaultTopicSettings } from "../../src/core/topic.ts";
import { Collector } from "../../src/ingest/collector.ts";
import { InFlight } from "../../src/ingest/in-flight.ts";
import type { IngestLimits } from "../../src/ingest/limits.ts";
import { SchemaGate } from "../../src/ingest/schema-gate.ts";
import { TopicRules } from "../../src/ingest/topic-rules.ts";
import { createMemoryLog } from "../../src/log/memory/memory-log.ts";

/** `topic` exists, with frames. */
export async function slowCollector(topic: string, limits: IngestLimits) {
  const memory = createMemoryLog({ clock });
  await memory.create(topic, { ...defaultTopicSettings, layout: "frames" });
  /** Numbers of records. */
  const appends: number[] = [];
  const state: { failing: Failure | undefined } = { failing: undefined };
  const log: LogDriver = {
    driver: memory.driver,
    append: async (name, records, options) => {
      appends.push("count" in records ? records.count : records.length);
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (state.failing !== undefined) throw state.failing;
      return await memory.append(name, records, options);
    },
    read: (name, options) => memory.read(name, options),
    bounds: (name) => memory.bounds(name),
    positionAt: (name, receivedNs) => memory.positionAt(name, receivedNs),
    close: () => memory.close(),
    create: (name, settings) => memory.create(name, settings),
    describe: (name) => memory.describe(name),
    list: () => memory.list(),
    ping: () => Promise.resolve(),
    count: () => memory.count(),
    change: (name, change) => memory.change(name, change),
    remove: (name) => memory.remove(name),
  };
  const inFlight = new InFlight(limits.inFlightBytesMax);
  const gate = new SchemaGate({
    log,
    schemas: { check: (_rule, all) => all.map(() => undefined) },
  });
  const collector = new Collector({
    turns: new Turns(),
    log,
    clock,
    gate,
    limits,
    rules: new TopicRules(),
    inFlight,
    newTopics: undefined,
  });
  return { memory, log, appends, state, inFlight, collector };
}
