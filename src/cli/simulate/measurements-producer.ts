/** Sends measurements when they are due, in batches over several connections, until all are acknowledged. */

import { sleep, systemClock as clock } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { failureFromProblem, unreachable } from "../gateway/request.ts";
import { isRetryable, retryPauseMs } from "../gateway/retry.ts";
import type { Schedule } from "./measurements-profile.ts";
import type { SimulatedSeries } from "./measurements-series.ts";
import type { MeasurementTally } from "./measurements-tally.ts";

export interface ProducerOptions {
  readonly url: Gateway;
  readonly series: SimulatedSeries;
  readonly schedule: Schedule;
  readonly connections: number;
  readonly tally: MeasurementTally;
  /** No more are produced; those in flight are still sent until they are acknowledged. */
  readonly stop: AbortSignal;
  /** Ends the sending as well. */
  readonly abandon: AbortSignal;
}

/** How often due measurements are gathered: at such rates producers send batches. */
const tickMs = 10;
/** Measurements of one request, some 150 KB. */
const batchMax = 1000;

interface Batch {
  readonly body: string;
  readonly count: number;
}

/**
 * Resolves when all are acknowledged, or refused permanently, or it is abandoned. A failed batch is
 * sent again, which is harmless because the same tag and time replace the row. While nothing is
 * accepted nothing is produced; overdue measurements then follow with the times at which they were due.
 */
export async function produceMeasurements(options: ProducerOptions): Promise<void> {
  // One generator for all connections: a free connection takes the next batch.
  const batches = dueBatches(options);
  const connection = async () => {
    for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
      await sendUntilAnswered(options, next.value);
      if (options.abandon.aborted) return;
    }
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
}

async function* dueBatches({
  series,
  schedule,
  tally,
  stop,
}: ProducerOptions): AsyncGenerator<Batch, void, undefined> {
  const startNs = clock.nowNs();
  const startMs = performance.now();
  let number = 0;
  while (!stop.aborted && number < schedule.total) {
    const nowNs = (performance.now() - startMs) * 1e6;
    let body = "";
    let count = 0;
    for (; count < batchMax; count++) {
      const dueNs = schedule.dueNs(number + count);
      if (dueNs === undefined || dueNs > nowNs) break;
      body += `${series.line(startNs + BigInt(dueNs))}\n`;
    }
    number += count;
    tally.sent += count;
    if (count > 0) yield { body, count };
    if (count < batchMax) await sleep(clock, tickMs, stop);
  }
}

async function sendUntilAnswered(
  { url, tally, abandon }: ProducerOptions,
  { body, count }: Batch,
): Promise<void> {
  for (let attempts = 0; !abandon.aborted; attempts++) {
    try {
      const { accepted, refusal } = await saveLines(url, body, abandon);
      return tally.answered(accepted, count - accepted, refusal);
    } catch (error) {
      if (abandon.aborted) return;
      const failure = failureFrom(error);
      if (!isRetryable(failure)) throw failure;
      tally.failed(failure);
      await sleep(clock, retryPauseMs(attempts, failure), abandon);
    }
  }
}

interface Saved {
  readonly accepted: number;
  /** Why the first of the refused ones was refused. */
  readonly refusal: string;
}

/** Saves lines of measurements. Throws the gateway's failure, or `unavailable`. */
export async function saveLines(url: Gateway, body: string, signal: AbortSignal): Promise<Saved> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url.url}/save`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", ...url.headers },
      body,
      signal,
    });
    text = await response.text();
  } catch (cause) {
    throw unreachable(url, cause);
  }
  if (!response.ok) throw failureFromProblem(response, text);
  const { accepted, refused } = JSON.parse(text) as {
    accepted: number;
    refused: { message: string }[];
  };
  return { accepted, refusal: refused[0]?.message ?? "" };
}
