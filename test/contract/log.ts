/**
 * The contract of the log port. Every driver passes the whole of it against its real broker:
 * `log-memory.test.ts`, `log-postgres.test.ts`, … each hand in a harness and nothing else.
 *
 * `SLUICE_TEST_LONG=1` lets the broker stay away for 30 s instead of 3 s.
 */
import { afterAll, describe } from "bun:test";
import type { LogDriver } from "../../src/core/log.ts";
import { appendContract } from "./log/append.ts";
import { dedupContract } from "./log/dedup.ts";
import { keyContract } from "./log/keys.ts";
import { outageContract } from "./log/outage.ts";
import { producerContract } from "./log/producers.ts";
import { readContract } from "./log/read.ts";
import { retentionContract } from "./log/retention.ts";
import { scaleContract } from "./log/scale.ts";
import { liveContract } from "./log/live.ts";
import { createSuite } from "./log/suite.ts";
import { topicContract } from "./log/topics.ts";

/** What the suite needs of a driver. Nothing is started before the first `open`. */
export interface LogHarness {
  /** A fresh node on the same broker; several stand for several gateways. The suite closes them. */
  open(): Promise<LogDriver>;
  /** Makes retention happen now. Without it the suite waits for the broker to do so by itself. */
  trim?(): Promise<void>;
  /** The broker's process. Left out only where there is none. */
  readonly broker?: {
    /** Ends it as a power cut would, without a word to its clients. */
    kill9(): Promise<void>;
    /** Starts it again on the same data; resolves when it accepts connections. */
    start(): Promise<void>;
  };
  /** For the gateway that is killed. Left out only where the log lives in the process. */
  readonly gateway?: {
    /** Absolute path of a module with `export function openNode(config: string): Promise<LogDriver>`. */
    readonly module: string;
    /** Handed to `openNode`; asked for after the first `open`. */
    config(): string;
  };
  cleanup(): Promise<void>;
}

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
