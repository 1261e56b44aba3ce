/** One client that repeatedly writes a measurement and queries it at once. */

import type { Gateway } from "../../src/cli/gateway/gateway.ts";
import { saveLines } from "../../src/cli/simulate/measurements-producer.ts";
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { failureFrom } from "../../src/core/failure.ts";
import { Latencies } from "../latencies.ts";
import { fetchSamples, rangeNsMin } from "./samples.ts";

export interface ReadBackResult {
  /** From just before the write to the first answer that contains it. */
  readonly lags: Latencies;
  /** Number of measurements that the first answer contained. */
  readonly atOnce: number;
  readonly written: number;
  /** Number of writes that failed and of measurements that did not appear in time. */
  readonly failed: number;
  readonly failure: string;
}

const stepsMs = [5, 10, 20, 50, 100, 200, 500, 1000, 2000];
const everyMs = 100;
const lagMsMax = 10_000;

/** Runs until `signal`; a write under way is still finished. */
export async function readBack(
  gateway: Gateway,
  tag: string,
  signal: AbortSignal,
): Promise<ReadBackResult> {
  const lags = new Latencies(stepsMs);
  let atOnce = 0;
  let written = 0;
  let failed = 0;
  let failure = "";
  while (!signal.aborted) {
    const sentMs = performance.now();
    const endNs = clock.nowNs();
    const number = written + failed;
    try {
      const line = `{"time":${endNs},"tag":"${tag}","values":[${number}]}`;
      // The end does not abort it: whether it was stored would be unknown.
      await saveLines(gateway, line, AbortSignal.timeout(lagMsMax));
      written++;
      const query = { tag, startNs: endNs - rangeNsMin, endNs };
      for (let asked = 1; ; asked++) {
        if ((await fetchSamples(gateway, query)).endsWith(`"values":[${number}]}]}`)) {
          lags.record((performance.now() - sentMs) * 1000);
          if (asked === 1) atOnce++;
          break;
        }
        if (performance.now() - sentMs > lagMsMax) {
          failure = `it was not there after ${lagMsMax} ms`;
          failed++;
          break;
        }
      }
    } catch (error) {
      failure = failureFrom(error).message;
      failed++;
    }
    await sleep(clock, everyMs, signal);
  }
  return { lags, atOnce, written, failed, failure };
}
