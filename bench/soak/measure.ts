/** One soak: the load, the memory while it runs, and the heap after the warm-up and in the end. */

import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { residentBytes } from "../proc.ts";
import type { SoakGateway } from "./gateway.ts";
import type { Heap } from "./heap-probe.ts";
import { RunningLoad } from "./load.ts";
import type { SoakOptions } from "./options.ts";
import type { Sample } from "./slope.ts";
import type { Deliveries } from "./subscriber.ts";

export interface SoakMeasured {
  readonly deliveries: Deliveries;
  readonly samples: readonly Sample[];
  /** After the warm-up, and in the end under the same load. */
  readonly heaps: readonly [Heap, Heap];
}

export type OnSample = (sample: Sample, deliveries: Deliveries) => void;

const sampledPerMinute = 60;

/** Throws what ended a part of the load, or `unavailable` where memory cannot be read. */
export async function measureSoak(
  gateway: SoakGateway,
  { load, minutes, warmUpMinutes }: SoakOptions,
  onSample: OnSample,
): Promise<SoakMeasured> {
  await using running = await RunningLoad.start(gateway.url, load);
  const { deliveries } = running;
  const samples: Sample[] = [];
  const startMs = performance.now();
  const sampleUntil = async (endMinutes: number) => {
    for (;;) {
      await sleep(clock, 60_000 / sampledPerMinute);
      running.requireRunning();
      const sample = { minutes: (performance.now() - startMs) / 60_000, bytes: memory(gateway) };
      if (sample.minutes >= endMinutes) return;
      samples.push(sample);
      onSample(sample, deliveries);
    }
  };
  await sampleUntil(warmUpMinutes);
  const warm = await gateway.heap();
  await sampleUntil(minutes);
  return { deliveries, samples, heaps: [warm, await gateway.heap()] };
}

function memory({ pid, ended }: SoakGateway): number {
  const bytes = residentBytes(pid);
  if (bytes !== undefined) return bytes;
  const why = ended() === undefined ? "the system has no /proc" : `it ${ended()}`;
  throw new Failure("unavailable", `Cannot read the gateway's memory: ${why}`);
}
