/** What processes have used, read from `/proc`; undefined on systems without it. */

import { readdirSync, readFileSync } from "node:fs";

/** `USER_HZ`: the unit of `/proc/<pid>/stat`, 100 on every Linux that Bun runs on. */
const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  /** CPU seconds of the process itself; `childrenSeconds`: of its children that have ended. */
  readonly seconds: number;
  readonly childrenSeconds: number;
}

/** CPU seconds of one process, user and system; undefined when it cannot be read. */
export function cpuSeconds(pid: number): number | undefined {
  return statOf(pid)?.seconds;
}

/** CPU seconds of all processes that it has started, directly or not: the embedded PostgreSQL, for example. */
export function childrenCpuSeconds(pid: number): number | undefined {
  const stats = new Map<number, Stat>();
  for (const name of entries("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  if (!stats.has(pid)) return undefined;
  let seconds = 0;
  const known = new Set([pid]);
  // Iterating a Set includes elements added meanwhile, so this reaches every generation.
  for (const parent of known) {
    for (const [child, stat] of stats) {
      if (stat.parent !== parent || known.has(child)) continue;
      known.add(child);
      seconds += stat.seconds + stat.childrenSeconds;
    }
  }
  return seconds;
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number | undefined {
  return statusBytes(pid, "VmRSS");
}

/** The most resident memory that the process has had, in bytes. */
export function peakBytes(pid: number): number | undefined {
  return statusBytes(pid, "VmHWM");
}

function statusBytes(pid: number, name: "VmRSS" | "VmHWM"): number | undefined {
  const text = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(read(`/proc/${pid}/status`))?.[1];
  return text === undefined ? undefined : Number(text) * 1024;
}

function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === "") return undefined;
  // The second field, the name, may contain anything; after its last bracket there are only numbers.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = (index: number) => Number(fields[index]) / ticksPerSecond;
  return {
    parent: Number(fields[1]),
    seconds: ticks(11) + ticks(12),
    childrenSeconds: ticks(13) + ticks(14),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended, or there is no /proc.
    return "";
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // There is no /proc.
    return [];
  }
}
