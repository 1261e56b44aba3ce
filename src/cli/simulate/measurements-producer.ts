/** Sends measurements when they are due, in batches over several connections, until all are acknowledged. */
import { sleep, systemClock as clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import { failureFromProblem } from "../gateway.ts";
import { isRetryable, retryPauseMs } from "../retry.ts";
import type { Schedule } from "./measurements-profile.ts";
import type { SimulatedSeries } from "./measurements-series.ts";
import type { MeasurementTally } from "./measurements-tally.ts";

export interface ProducerOptions {
  readonly url: string;
  readonly series: SimulatedSeries;
  readonly schedule: Schedule;
  readonly connections: number;
  readonly tally: MeasurementTally;
  /** No more are made; what is on its way is still sent until it is acknowledged. */
  readonly stop: AbortSignal;
  /** Ends the sending, too. */
  readonly abandon: AbortSignal;
}

/** What is due is looked at so often: producers send no single measurements at such rates. */
const tickMs = 10;
/** Of one request, some 150 KB. */
const batchMax = 1000;

interface Batch {
  readonly body: string;
  readonly count: number;
}

/**
 * Resolves when all are acknowledged, or refused for good, or it is abandoned. A failed batch is sent
 * again: the same tag and time replaces, so that does no harm. While nothing is taken, nothing is
 * made; what is overdue then follows with the times at which it was due.
 */
export async function produceMeasurements(options: ProducerOptions): Promise<void> {
  // One generator for all connections: whoever is free asks for what is due next.
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
  /** What is wrong with the first that was refused. */
  readonly refusal: string;
}

/** Lines of measurements, saved. Throws what the gateway says, `unavailable` where it is away. */
export async function saveLines(url: string, body: string, signal: AbortSignal): Promise<Saved> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}/save`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body,
      signal,
    });
    text = await response.text();
  } catch (cause) {
    throw new Failure("unavailable", `Cannot reach ${url}: is the gateway running?`, { cause });
  }
  if (!response.ok) throw failureFromProblem(response, text);
  const { accepted, refused } = JSON.parse(text) as {
    accepted: number;
    refused: { message: string }[];
  };
  return { accepted, refusal: refused[0]?.message ?? "" };
}
