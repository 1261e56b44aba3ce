/** Clients that ask for random ranges of the most frequent tags, at a rate. */
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { failureFrom } from "../../src/core/failure.ts";
import type { Random } from "../../src/cli/simulate/random.ts";
import { tagName } from "../../src/cli/simulate/measurements-series.ts";
import { Histogram } from "../histogram.ts";
import { fetchSamples, randomRange, samplesEach } from "./samples.ts";

export interface ClientsOptions {
  readonly url: string;
  readonly random: Random;
  readonly clients: number;
  /** Queries a second of all together. */
  readonly queries: number;
  readonly prefix: string;
  /** The most frequent ones are asked for. */
  readonly tags: number;
  readonly oldestNs: bigint;
  readonly signal: AbortSignal;
}

export interface ClientsResult {
  readonly latencies: Histogram;
  /** Answers that were refused or are not whole. */
  readonly failed: number;
  /** The last of these. */
  readonly failure: string;
}

/**
 * Latency is from the moment at which a query was due to the whole answer: where all clients wait,
 * the wait of those that follow is in it.
 */
export async function askTags(options: ClientsOptions): Promise<ClientsResult> {
  const { url, random, prefix, tags, oldestNs } = options;
  const latencies = new Histogram();
  let failed = 0;
  let failure = "";
  const dues = dueTimes(options);
  const client = async () => {
    for (let next = await dues.next(); next.done !== true; next = await dues.next()) {
      const tag = tagName(prefix, Math.floor(random.between(0, tags)));
      try {
        const range = randomRange(random, oldestNs, clock.nowNs());
        const text = await fetchSamples(url, { tag, ...range });
        latencies.record((performance.now() - next.value) * 1000);
        const { samples } = JSON.parse(text) as { samples: unknown[] };
        if (samples.length === samplesEach) continue;
        failure = `${samples.length} samples, expected ${samplesEach}`;
      } catch (error) {
        failure = failureFrom(error).message;
      }
      failed++;
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  return { latencies, failed, failure };
}

async function* dueTimes({
  queries,
  signal,
}: ClientsOptions): AsyncGenerator<number, void, undefined> {
  const startMs = performance.now();
  for (let n = 0; ; n++) {
    const dueMs = startMs + (n * 1000) / queries;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(clock, waitMs, signal);
    if (signal.aborted) return;
    yield dueMs;
  }
}
