/** Dates and times as people and files write them: RFC 3339, also without a zone, seconds or a time. */

export interface CivilTime {
  /** `2026-01-31` */
  readonly date: string;
  /** `12:00:00`; midnight where there is only a date. */
  readonly clock: string;
  /** `.123`, up to nine digits; empty without one. */
  readonly fraction: string;
  /** `Z` or `+02:00`; undefined without one. */
  readonly zone: string | undefined;
  /** Milliseconds since 1970, further digits dropped. A time without a zone is UTC. */
  readonly ms: number;
}

const pattern =
  /^(\d{4}-(\d\d)-(\d\d))(?:[Tt ]((\d\d):(\d\d)(?::(\d\d))?)(\.\d{1,9})?)? ?(Z|z|[+-]\d\d:?\d\d)?$/;
const clockPattern = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;
const zonePattern = /^(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
/** Longer than any of them. */
const lengthMax = 40;

/** Undefined for anything else, such as the 30th of February, which `Date.parse` accepts. */
export function parseCivilTime(text: string): CivilTime | undefined {
  const match = text.length > lengthMax ? null : pattern.exec(text);
  if (match === null) return undefined;
  const [, date = "", month, day, time = "00:00", , , second, fraction = "", given] = match;
  // A fraction is one of seconds.
  if (fraction !== "" && second === undefined) return undefined;
  const clock = second === undefined ? `${time}:00` : time;
  const zone = zoneFrom(given);
  if (!clockPattern.test(clock)) return undefined;
  if (zone !== undefined && !zonePattern.test(zone)) return undefined;
  if (date.startsWith("0000")) return undefined;
  const midnight = new Date(`${date}T00:00:00Z`);
  // JavaScript reads the 31st of June as the 1st of July.
  const isDate =
    midnight.getUTCDate() === Number(day) && midnight.getUTCMonth() + 1 === Number(month);
  if (!isDate) return undefined;
  const ms = Date.parse(`${date}T${clock}${fraction.slice(0, 4)}${zone ?? "Z"}`);
  return { date, clock, fraction, zone, ms };
}

/** With its colon. */
function zoneFrom(given: string | undefined): string | undefined {
  if (given === undefined || given.length === 6) return given;
  return given.length === 1 ? "Z" : `${given.slice(0, 3)}:${given.slice(3)}`;
}
