/** The result as one JSON object (`--json`); the report for people is rendered from it. */

import { availableParallelism } from "node:os";
import { rounded } from "../figures.ts";
import type { LogChoice } from "../program.ts";
import type { SoakMeasured } from "./measure.ts";
import type { SoakOptions } from "./options.ts";
import { slopeOf } from "./slope.ts";

export interface SoakSummary {
  readonly bench: "soak";
  /** Nothing was lost or came twice, and the memory did not grow faster than allowed. */
  readonly ok: boolean;
  readonly cores: number;
  readonly log: LogChoice;
  readonly minutes: number;
  readonly warm_up_minutes: number;
  readonly load: Readonly<Record<string, number>>;
  readonly deliveries: {
    readonly connections: number;
    readonly delivered: number;
    readonly lost: number;
    readonly duplicates: number;
    readonly failed: number;
    readonly failed_why: string;
  };
  readonly memory: {
    /** The mean of each minute. */
    readonly resident_bytes: readonly number[];
    /** After the warm-up; null where the run is too short. */
    readonly slope_bytes_per_minute: number | null;
    readonly slope_max_bytes_per_minute: number;
  };
  /** After a collection, at the end of the warm-up and of the run. */
  readonly live: {
    readonly bytes: readonly [number, number];
    /** Classes whose objects became more, the largest growth first. */
    readonly grown: readonly GrownClass[];
  };
}

export interface GrownClass {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

const classesShown = 15;

export function summarizeSoak(options: SoakOptions, measured: SoakMeasured): SoakSummary {
  const { load, log, minutes, warmUpMinutes, slopeMax } = options;
  const { deliveries, samples, heaps } = measured;
  const { connections, delivered, lost, duplicates, failed, failedWhy } = deliveries;
  const slope = slopeOf(samples.filter((sample) => sample.minutes >= warmUpMinutes));
  const slopeMaxBytes = slopeMax * 1024 ** 2;
  const isWhole = delivered > 0 && lost === 0 && duplicates === 0;
  return {
    bench: "soak",
    ok: isWhole && (slope ?? 0) <= slopeMaxBytes,
    cores: availableParallelism(),
    ...{ log, minutes },
    warm_up_minutes: warmUpMinutes,
    load: {
      subscribers: load.subscribers,
      reconnect_s: load.reconnectSeconds,
      events_per_s: load.events,
      measurements_per_s: load.measurements,
      lifecycle_events_per_s: load.lifecycle,
      watches: load.watches,
    },
    deliveries: { connections, delivered, lost, duplicates, failed, failed_why: failedWhy },
    memory: {
      resident_bytes: minuteMeans(measured),
      slope_bytes_per_minute: rounded(slope, 0),
      slope_max_bytes_per_minute: slopeMaxBytes,
    },
    live: {
      bytes: [heaps[0].liveBytes, heaps[1].liveBytes],
      grown: grownClasses(measured),
    },
  };
}

function minuteMeans({ samples }: SoakMeasured): number[] {
  const means: number[] = [];
  const byMinute = Map.groupBy(samples, ({ minutes }) => Math.floor(minutes));
  for (const group of byMinute.values()) {
    means.push(Math.round(group.reduce((sum, { bytes }) => sum + bytes, 0) / group.length));
  }
  return means;
}

function grownClasses({ heaps: [before, after] }: SoakMeasured): GrownClass[] {
  return Object.entries(after.objects)
    .map(([name, count]) => ({ name, before: before.objects[name] ?? 0, after: count }))
    .filter((one) => one.after > one.before)
    .toSorted((a, b) => b.after - b.before - (a.after - a.before))
    .slice(0, classesShown);
}
