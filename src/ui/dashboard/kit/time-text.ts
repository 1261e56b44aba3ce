/** Times for people. Nanoseconds are text all along: a number would round them. */

export type Zone = "local" | "utc";

export interface TimeParts {
  /** `2026-11-29` */
  readonly date: string;
  /** `10:02:11` */
  readonly clock: string;
  /** The digits behind the second as they were given, in groups of three: `420 113 007`. */
  readonly fraction: string;
  /** `UTC`, `UTC+01:00` */
  readonly zone: string;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)$/i;

/** Undefined for a text that is not a time in RFC 3339. */
export function timeParts(text: string, zone: Zone): TimeParts | undefined {
  const match = rfc3339.exec(text);
  const time = new Date(text);
  if (match === null || Number.isNaN(time.getTime())) return undefined;
  const digits = match[1] ?? "";
  const utc = zone === "utc";
  const part = (inUtc: number, here: number, length = 2) =>
    String(utc ? inUtc : here).padStart(length, "0");
  const year = part(time.getUTCFullYear(), time.getFullYear(), 4);
  const month = part(time.getUTCMonth() + 1, time.getMonth() + 1);
  const day = part(time.getUTCDate(), time.getDate());
  const hours = part(time.getUTCHours(), time.getHours());
  const minutes = part(time.getUTCMinutes(), time.getMinutes());
  const seconds = part(time.getUTCSeconds(), time.getSeconds());
  return {
    date: `${year}-${month}-${day}`,
    clock: `${hours}:${minutes}:${seconds}`,
    fraction: digits.replaceAll(/(\d{3})(?=\d)/g, "$1 "),
    zone: utc ? "UTC" : offsetName(-time.getTimezoneOffset()),
  };
}

/** `2026-11-29 10:02:11.420 113 007 UTC`; the text itself where it is not a time. */
export function renderTime(text: string, zone: Zone): string {
  const parts = timeParts(text, zone);
  if (parts === undefined) return text;
  return `${parts.date} ${renderClock(parts)} ${parts.zone}`;
}

export function renderClock({ clock, fraction }: TimeParts): string {
  return fraction === "" ? clock : `${clock}.${fraction}`;
}

function offsetName(minutes: number): string {
  if (minutes === 0) return "UTC";
  const sign = minutes < 0 ? "-" : "+";
  const two = (value: number) => String(value).padStart(2, "0");
  const size = Math.abs(minutes);
  return `UTC${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Nanoseconds since 1970 as RFC 3339 with nine digits behind the second. */
export function timeFromNs(ns: bigint): string {
  const billion = 1_000_000_000n;
  const rest = ((ns % billion) + billion) % billion;
  const seconds = (ns - rest) / billion;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(rest).padStart(9, "0")}Z`;
}

/** Throws a `SyntaxError` for a text that is not a time in RFC 3339. */
export function nsFromTime(text: string): bigint {
  const digits = rfc3339.exec(text)?.[1] ?? "";
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new SyntaxError(`${text} is not a time`);
  const seconds = BigInt(Math.floor(ms / 1000));
  return seconds * 1_000_000_000n + BigInt(digits.slice(0, 9).padEnd(9, "0"));
}

export interface ReadTime {
  /** RFC 3339, in UTC. */
  readonly time: string;
  /** What the text was taken for: `seconds since 1970`. */
  readonly as: string;
}

const units: readonly (readonly [digitsMax: number, nsPerUnit: bigint, as: string])[] = [
  [11, 1_000_000_000n, "seconds since 1970"],
  [14, 1_000_000n, "milliseconds since 1970"],
  [17, 1000n, "microseconds since 1970"],
  [20, 1n, "nanoseconds since 1970"],
];

const agoSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const agoPattern =
  /^-?\s*(\d+(?:\.\d+)?)\s*(s|m|h|d)(?:|(?<=s)ec(?:ond)?s?|(?<=m)in(?:ute)?s?|(?<=h)(?:ou)?rs?|(?<=d)ays?)\s*(?:ago)?$/i;

/**
 * A time as people paste it: RFC 3339, a date and time without a zone (of `zone`), seconds to
 * nanoseconds since 1970, `15 min ago`, `now`. Undefined for anything else.
 */
export function readTime(input: string, nowMs: number, zone: Zone): ReadTime | undefined {
  const text = input.trim();
  if (text.toLowerCase() === "now") return { time: new Date(nowMs).toISOString(), as: "now" };
  const ago = agoPattern.exec(text);
  if (ago !== null) {
    const unit = (ago[2] ?? "s").toLowerCase();
    const ms = Number(ago[1]) * (agoSeconds[unit] ?? 1) * 1000;
    return ms > nowMs ? undefined : { time: new Date(nowMs - ms).toISOString(), as: "before now" };
  }
  if (/^\d{9,20}$/.test(text)) {
    const unit = units.find(([digits]) => text.length <= digits);
    if (unit === undefined) return undefined;
    return { time: timeFromNs(BigInt(text) * unit[1]), as: unit[2] };
  }
  const spaced = text.replace(/^(\d{4}-\d\d-\d\d) +/, "$1T").replaceAll(/(?<=\d) (?=\d{3})/g, "");
  if (rfc3339.test(spaced) && !Number.isNaN(Date.parse(spaced))) {
    return { time: timeFromNs(nsFromTime(spaced)), as: "a time with its zone" };
  }
  const plain = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(\.\d{1,9})?)?)?$/.exec(spaced);
  if (plain === null) return undefined;
  const [, date = "", clock = "00:00", seconds = "00", fraction = ""] = plain;
  const at = new Date(`${date}T${clock}:${seconds}${zone === "utc" ? "Z" : ""}`);
  if (Number.isNaN(at.getTime())) return undefined;
  const whole = at.toISOString().slice(0, 19);
  return {
    time: timeFromNs(nsFromTime(`${whole}${fraction}Z`)),
    as: zone === "utc" ? "a time in UTC" : "a time of this machine's zone",
  };
}
