/** Times as nanoseconds and as RFC 3339. */

/** RFC 3339 in UTC, with as many fraction digits as it takes (none, 3, 6 or 9). */
export function renderTime(ns: bigint): string {
  const millis = floorDivide(ns, 1_000_000n);
  const below = Number(ns - millis * 1_000_000n);
  const text = new Date(Number(millis)).toISOString();
  if (below === 0) return text;
  const digits = below.toString().padStart(6, "0");
  return `${text.slice(0, -1)}${digits.endsWith("000") ? digits.slice(0, 3) : digits}Z`;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** Groups: year, month, day, hour, minute, second, fraction, offset. RFC 3339 allows a space for `T`. */
const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const int64Max = 2n ** 63n - 1n;
/** The offset may move a time of the last representable day past it. */
const yearMin = 1678;
const yearMax = 2262;

/**
 * Nanoseconds since the Unix epoch; digits beyond the ninth are dropped. Undefined for what is not an
 * RFC 3339 time, and for years that an int64 of nanoseconds cannot hold (before 1678, after 2261).
 */
export function parseTime(text: string): bigint | undefined {
  const ns = parseInMinute(text) ?? parseAny(text);
  return ns === "beyond" ? undefined : ns;
}

/**
 * What is expected in place of a text that `parseTime` does not take. `otherwise`: where it is no time;
 * a time that is only too early or too late gets the reason.
 */
export function expectedTime(text: string, otherwise: string): string {
  return parseAny(text) === "beyond" ? knownTimes : otherwise;
}

/** The times that there are, as what is expected of one. */
export const knownTimes =
  "a time from 1678-01-01 to 2262-04-11, because it is kept as nanoseconds in 64 bits";

/** The minute of the last parsed time, in UTC, up to its colon: the following times often share it. */
let readMinute = { text: "", ms: 0 };
const minuteLength = "2026-11-21T10:02:".length;

/** Undefined also for forms that this does not handle. Without it an event's time takes half of its cost. */
function parseInMinute(text: string): bigint | undefined {
  const end = text.length - 1;
  const isNear = readMinute.text !== "" && text.startsWith(readMinute.text);
  if (!isNear || text[end] !== "Z") return undefined;
  const second = digitsAt(text, minuteLength, minuteLength + 2);
  if (second > 59) return undefined;
  const dot = minuteLength + 2;
  let ns = 0;
  if (end !== dot) {
    const count = end - dot - 1;
    if (text[dot] !== "." || count < 1 || count > 9) return undefined;
    ns = digitsAt(text, dot + 1, end) * 10 ** (9 - count);
  }
  if (Number.isNaN(second + ns)) return undefined;
  return BigInt(readMinute.ms + second * 1000) * 1_000_000n + BigInt(ns);
}

/** NaN where one is not a digit. */
function digitsAt(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** `beyond`: a time that an int64 of nanoseconds cannot hold. */
function parseAny(text: string): bigint | "beyond" | undefined {
  const match = text.length > 64 ? null : rfc3339.exec(text);
  if (match === null) return undefined;
  const [, y, mo, d, h, mi, s, fraction = "", sign, offsetH = "0", offsetM = "0"] = match;
  const [year, month, day] = [Number(y), Number(mo), Number(d)];
  const [hour, minute, second] = [Number(h), Number(mi), Number(s)];
  if (month < 1 || month > 12 || day < 1) return undefined;
  // A leap second is the first instant of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  if (day > daysOf(year, month)) return undefined;
  if (Number(offsetH) > 23 || Number(offsetM) > 59) return undefined;
  if (year < yearMin || year > yearMax) return "beyond";
  const shift = (Number(offsetH) * 60 + Number(offsetM)) * (sign === "-" ? -60_000 : 60_000);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) - shift;
  const ns = BigInt(ms) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  if (ns > int64Max) return "beyond";
  // The last year may end within a minute.
  if (text.endsWith("Z") && text[10] === "T" && second < 60 && year < yearMax) {
    readMinute = { text: text.slice(0, minuteLength), ms: ms - second * 1000 };
  }
  return ns;
}

/** `Date.UTC` takes years below 100 for those of the twentieth century. */
function daysOf(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}
