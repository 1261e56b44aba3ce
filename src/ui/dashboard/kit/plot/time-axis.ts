/**
 * Ticks of a time axis. Its numbers are nanoseconds after a base, which is a bigint: a double holds
 * the time of today to 240 ns, and nanoseconds after a base exactly, for a hundred days.
 */

import type { Zone } from "../time-text.ts";

export interface Ticks {
  readonly at: readonly number[];
  /** One for each. */
  readonly texts: readonly string[];
  /** What the texts count from, where they are not times themselves. */
  readonly note?: string;
}

const secondNs = 1_000_000_000;
const minuteNs = 60 * secondNs;
const hourNs = 60 * minuteNs;
const dayNs = 24 * hourNs;

const stepsNs: readonly number[] = [
  ...[1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap((ns) => [ns, 2 * ns, 5 * ns]),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * secondNs),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minuteNs),
  ...[1, 2, 3, 6, 12].map((count) => count * hourNs),
  ...[1, 2, 7, 14, 30, 90, 365].map((count) => count * dayNs),
];

/** At most `most` ticks of `[from, to]`, at round times of the zone. */
export function timeTicks(
  baseNs: bigint,
  [from, to]: readonly [number, number],
  most: number,
  zone: Zone,
): Ticks {
  const last = stepsNs.at(-1) ?? dayNs;
  const step = stepsNs.find((ns) => (to - from) / ns <= most) ?? last;
  const width = BigInt(step);
  const shift = zoneShiftNs(baseNs, zone);
  const at: number[] = [];
  const rounded = ((baseNs + BigInt(Math.ceil(from)) + shift) / width) * width - shift;
  for (let ns = rounded; at.length <= most + 1; ns += width) {
    const place = Number(ns - baseNs);
    if (place > to) break;
    if (place >= from) at.push(place);
  }
  if (step < 1e6) return shortTicks(baseNs, at, step, zone);
  return { at, texts: at.map((place) => tickText(baseNs + BigInt(place), step, zone)) };
}

/** Below a millisecond a tick counts from the millisecond before the first. */
function shortTicks(baseNs: bigint, at: readonly number[], step: number, zone: Zone): Ticks {
  const firstNs = baseNs + BigInt(at[0] ?? 0);
  const fromNs = (firstNs / 1_000_000n) * 1_000_000n;
  const isMicro = step >= 1000;
  const texts = at.map((place) => {
    const ns = Number(baseNs + BigInt(place) - fromNs);
    return `+${grouped(isMicro ? ns / 1000 : ns)} ${isMicro ? "µs" : "ns"}`;
  });
  return { at, texts, note: `after ${tickText(fromNs, 1e6, zone)}` };
}

function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, " ");
}

function tickText(ns: bigint, step: number, zone: Zone): string {
  const time = new Date(Number(ns / 1_000_000n));
  const utc = zone === "utc";
  const two = (value: number) => String(value).padStart(2, "0");
  const [year, month, day] = utc
    ? [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()]
    : [time.getFullYear(), time.getMonth(), time.getDate()];
  const [hours, minutes, seconds] = utc
    ? [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()]
    : [time.getHours(), time.getMinutes(), time.getSeconds()];
  if (step >= 90 * dayNs) return `${year}-${two(month + 1)}`;
  const isMidnight = hours === 0 && minutes === 0 && seconds === 0;
  if (step >= dayNs || (isMidnight && step >= minuteNs)) return `${two(month + 1)}-${two(day)}`;
  const clock = `${two(hours)}:${two(minutes)}`;
  if (step >= minuteNs) return clock;
  const whole = `${clock}:${two(seconds)}`;
  if (step >= secondNs) return whole;
  const digits = Math.max(1, 9 - Math.floor(Math.log10(step)));
  const fraction = String(ns % 1_000_000_000n)
    .padStart(9, "0")
    .slice(0, digits);
  return `${whole}.${fraction}`;
}

/** How far clocks of the zone are ahead of UTC at a time. */
function zoneShiftNs(ns: bigint, zone: Zone): bigint {
  if (zone === "utc") return 0n;
  return BigInt(-new Date(Number(ns / 1_000_000n)).getTimezoneOffset()) * BigInt(minuteNs);
}

const shortUnits = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
] as const;

/** A span of time in words: `1.5 ms`, `41 s`, `2 h 4 min`. */
export function renderSpan(ns: bigint): string {
  const value = Number(ns);
  if (value >= 60 * secondNs) {
    const units = [
      [dayNs, "d"],
      [hourNs, "h"],
      [minuteNs, "min"],
      [secondNs, "s"],
    ] as const;
    const at = units.findIndex(([unit]) => value >= unit);
    let rest = value;
    const parts = units.slice(at, at + 2).map(([unit, name]) => {
      const count = Math.floor(rest / unit);
      rest -= count * unit;
      return count === 0 ? "" : `${count} ${name}`;
    });
    return parts.filter((part) => part !== "").join(" ");
  }
  const [unit, name] = shortUnits.find(([size]) => value >= size) ?? ([1, "ns"] as const);
  return `${Number((value / unit).toPrecision(3))} ${name}`;
}
