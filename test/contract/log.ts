/**
 * The contract of the log port. Every driver passes all of it against its real broker:
 * `log-memory.test.ts`, `log-postgres.test.ts`, … only provide a harness.
 *
 * `SLUICE_TEST_LONG=1` keeps the broker down for 30 s instead of 3 s.
 */

import { afterAll, describe } from "bun:test";
import { appendContract } from "./log/append.ts";
import { dedupContract } from "./log/dedup.ts";
import type { LogHarness } from "./log/harness.ts";
import { keyContract } from "./log/keys.ts";
import { liveContract } from "./log/live.ts";
import { outageContract } from "./log/outage.ts";
import { producerContract } from "./log/producers.ts";
import { readContract } from "./log/read.ts";
import { retentionContract } from "./log/retention.ts";
import { scaleContract } from "./log/scale.ts";
import { createSuite } from "./log/suite.ts";
import { timeContract } from "./log/times.ts";
import { topicContract } from "./log/topics.ts";

export function logContract(name: string, harness: LogHarness): void {
  const suite = createSuite(harness);

  describe(`log contract: ${name}`, () => {
    for (const layout of ["records", "frames"] as const) {
      describe(layout, () => {
        appendContract(suite, layout);
        dedupContract(suite, layout);
        producerContract(suite, layout);
        readContract(suite, layout);
        liveContract(suite, layout);
        keyContract(suite, layout);
        timeContract(suite, layout);
        topicContract(suite, layout);
        retentionContract(suite, layout);
        scaleContract(suite, layout);
      });
    }
    // Last: these end the broker under everything else.
    describe("with a broker that dies", () => outageContract(suite));

    afterAll(async () => {
      await suite.closeAll();
      await harness.cleanup();
    }, 60_000);
  });
}
