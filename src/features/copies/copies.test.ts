import { expect, test } from "bun:test";
import { withPostgres } from "../../../test/support/postgres.ts";
import { openCaller } from "../../core/access/caller.ts";
import { Turns } from "../../core/budget/turn.ts";
import { systemClock } from "../../core/clock.ts";
import { silent } from "../../core/logger.ts";
import { defaultTopicSettings } from "../../core/topic.ts";
import { InFlight } from "../../ingest/in-flight.ts";
import { Ingest } from "../../ingest/ingest.ts";
import { defaultIngestLimits } from "../../ingest/limits.ts";
import { SchemaGate } from "../../ingest/schema-gate.ts";
import { TopicRules } from "../../ingest/topic-rules.ts";
import { createMemoryLog } from "../../log/memory/memory-log.ts";
import { openDatabase } from "../../postgres/database.ts";
import { migrate } from "../../postgres/migrate.ts";
import { createOwnership } from "../../postgres/ownership.ts";
import { Copies } from "./copies.ts";
import { runningMax } from "./copy.ts";
import { createCopyStore } from "./store/copy-store.ts";

test("a job that failed is resumed only where a node would work on it", async () => {
  await withPostgres(async (url) => {
    await migrate({ url });
    const database = openDatabase({ url });
    const ownership = createOwnership({ url, clock: systemClock, logger: silent });
    const store = createCopyStore(database);
    const clock = systemClock;
    const log = createMemoryLog({ clock });
    await log.create("from", defaultTopicSettings);
    const turns = new Turns();
    const rules = new TopicRules();
    const schemas = {
      check: (_rule: unknown, all: readonly unknown[]) => all.map(() => undefined),
    };
    const ingest = new Ingest({
      ...{ log, clock, turns, rules, limits: defaultIngestLimits, newTopics: undefined },
      inFlight: new InFlight(defaultIngestLimits.inFlightBytesMax),
      gate: new SchemaGate({ log, schemas }),
    });
    const copies = new Copies({
      ...{ log, ingest, store, turns, clock, rules, ownership, logger: silent },
      filters: { compile: () => Promise.resolve(undefined) },
      principals: { current: () => openCaller },
    });
    const create = (id: string) =>
      copies.create(
        {
          id,
          source: "from",
          target: "to",
          after: "earliest",
          until: undefined,
          filter: {},
          rate: 1,
        },
        openCaller,
      );
    try {
      await create("failed");
      await store.end("failed", "failed", "for some reason");
      const ids = Array.from({ length: runningMax }, (_, i) => `job-${i}`);
      for (const id of ids) await create(id);
      const message = `there are ${runningMax} jobs that have not ended, expected fewer than ${runningMax}`;
      await expect(create("more")).rejects.toThrow(message);
      for (const state of ["running", "paused"] as const) {
        await expect(copies.change("failed", { state }, openCaller)).rejects.toThrow(message);
      }
      // Those that count already may be paused and go on.
      await copies.change("job-0", { state: "paused" }, openCaller);
      await copies.change("job-0", { state: "running" }, openCaller);
      await copies.change("job-0", { state: "cancelled" }, openCaller);
      const { state } = await copies.change("failed", { state: "running" }, openCaller);
      expect(state).toBe("running");
      expect(await store.running()).toHaveLength(runningMax);
    } finally {
      await copies.close();
      await ownership.close();
      await database.close();
    }
  });
});
