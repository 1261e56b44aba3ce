/** Clients that query random ranges of the most frequent tags at a fixed rate. */

import type { Gateway } from "../../src/cli/gateway/gateway.ts";
import { tagName } from "../../src/cli/simulate/measurements-series.ts";
import type { Random } from "../../src/cli/simulate/random.ts";
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { failureFrom } from "../../src/core/failure.ts";
import { Latencies } from "../latencies.ts";
import { fetchSamples, randomRange, samplesEach } from "./samples.ts";

export interface ClientsOptions {
  readonly gateway: Gateway;
  readonly random: Random;
  readonly clients: number;
  /** Queries per second of all clients together. */
  readonly queries: number;
  readonly prefix: string;
  /** Number of tags that are queried: the most frequent ones. */
  readonly tags: number;
  readonly oldestNs: bigint;
  readonly signal: AbortSignal;
}

export interface ClientsResult {
  readonly latencies: Latencies;
  /** Number of answers that were refused or incomplete. */
  readonly failed: number;
  /** Reason of the last one. */
  readonly failure: string;
}

/** Bounds of the histogram that the original measurements demo prints. */
const stepsMs = [10, 50, 99];

/**
 * Latency runs from the moment at which a query was due to its complete answer, so it includes the
 * time that a query waits for a free client.
 */
export async function askTags(options: ClientsOptions): Promise<ClientsResult> {
  const { gateway, random, prefix, tags, oldestNs } = options;
  const latencies = new Latencies(stepsMs);
  let failed = 0;
  let failure = "";
  const dues = dueTimes(options);
  const client = async () => {
    for (let next = await dues.next(); next.done !== true; next = await dues.next()) {
      const tag = tagName(prefix, Math.floor(random.between(0, tags)));
      try {
        const range = randomRange(random, oldestNs, clock.nowNs());
        const text = await fetchSamples(gateway, { tag, ...range });
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
