/** One client that writes a measurement and asks for it at once, again and again. */
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { failureFrom } from "../../src/core/failure.ts";
import { saveLines } from "../../src/cli/simulate/measurements-producer.ts";
import { Histogram } from "../histogram.ts";
import { fetchSamples, rangeNsMin } from "./samples.ts";

export interface ReadBackResult {
  /** From the moment before it was sent to the answer that has it. */
  readonly lags: Histogram;
  /** Those that the first answer had. */
  readonly atOnce: number;
  readonly written: number;
  /** Writes that failed, and measurements that did not come back in time. */
  readonly failed: number;
  readonly failure: string;
}

const everyMs = 100;
const lagMsMax = 10_000;

/** Until `signal`; what is under way then is brought to its end. */
export async function readBack(
  url: string,
  tag: string,
  signal: AbortSignal,
): Promise<ReadBackResult> {
  const lags = new Histogram();
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
      // Not cut by the end: nobody could tell whether it is in the store.
      await saveLines(url, line, AbortSignal.timeout(lagMsMax));
      written++;
      const query = { tag, startNs: endNs - rangeNsMin, endNs };
      for (let asked = 1; ; asked++) {
        if ((await fetchSamples(url, query)).endsWith(`"values":[${number}]}]}`)) {
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
