// What the programs of a run use, read from `/proc`: resident memory over time, and processor time.

import { cpuSeconds, residentBytes } from "../../bench/proc.ts";
import { type Sample, slopeOf } from "../../bench/soak/slope.ts";

const sampleMs = 5000;
/** Memory grows until caches are full and code is compiled; the slope is that of the rest. */
const warmUpShare = 1 / 6;

export interface Program {
  readonly name: string;
  readonly pid: number;
}

export interface ProgramUsage {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Bytes a minute after the warm-up; undefined where that is too short. */
  readonly slope: number | undefined;
  /** Of one core, on average. */
  readonly cpuShare: number;
}

export interface Usage {
  /** Ends the watch. */
  stop(): readonly ProgramUsage[];
}

/** A program that ends meanwhile is known up to the last reading before. */
export function watchUsage(programs: readonly Program[]): Usage {
  const startMs = performance.now();
  const minutes = () => (performance.now() - startMs) / 60_000;
  const watched = programs.map(({ name, pid }) => ({
    ...{ name, pid },
    before: cpuSeconds(pid) ?? 0,
    cpu: { minutes: 1, seconds: 0 },
    samples: [] as Sample[],
  }));
  const sample = () => {
    for (const one of watched) {
      const [bytes, seconds] = [residentBytes(one.pid), cpuSeconds(one.pid)];
      if (bytes === undefined || seconds === undefined) continue;
      one.samples.push({ minutes: minutes(), bytes });
      one.cpu = { minutes: minutes(), seconds: seconds - one.before };
    }
  };
  sample();
  const timer = setInterval(sample, sampleMs);
  return {
    stop() {
      clearInterval(timer);
      sample();
      const warmUp = minutes() * warmUpShare;
      return watched.map(({ name, cpu, samples }) => ({
        name,
        samples,
        slope: slopeOf(samples.filter((one) => one.minutes >= warmUp)),
        cpuShare: cpu.seconds / (cpu.minutes * 60),
      }));
    },
  };
}
