/**
 * Lines of the Influx protocol as measurements. Each field becomes its own tag,
 * `cpu,host=a:usage`, with one value. A field set of only `value`, or of `v0`, `v1`, … `vN`, becomes
 * the values of the one tag `cpu,host=a`, so that these clients can write several values as well.
 */

import { type FailureCode, type Issue, quoted } from "../../../core/failure.ts";
import { valuesMax } from "../measurement.ts";
import { Point } from "../point.ts";
import type { Intake } from "./intake.ts";
import { type LinePoint, LineReader } from "./line-protocol.ts";

export interface LineOptions {
  /** Nanoseconds per unit of the request's times. */
  readonly unitNs: bigint;
  /** The time of lines without one. */
  readonly nowNs: bigint;
}

const refusedMax = 100;
/** Lines, and characters of empty lines and comments, between two looks at the clock. */
const stepLines = 16;
const stepChars = 32 * 1024;
const point = new Point();

export class LineIntake {
  readonly #lines: LineReader;
  readonly #options: LineOptions;
  readonly #intake: Intake;
  /** Number of lines of which nothing was refused. */
  accepted = 0;
  /** Number of series that were taken of lines of which others were refused. */
  partlyAccepted = 0;
  /** Messages with their line, for the first hundred refusals. */
  readonly refused: string[] = [];
  refusedCount = 0;
  /** Why the first refused was refused. */
  firstCode: FailureCode | undefined;

  constructor(text: string, options: LineOptions, intake: Intake) {
    this.#lines = new LineReader(text);
    this.#options = options;
    this.#intake = intake;
  }

  get isAtEnd(): boolean {
    return this.#lines.isAtEnd;
  }

  /** Takes a few lines; the caller looks at the clock, and calls `flush` before it waits. */
  takeSome(): void {
    for (let left = stepLines; left > 0; left--) {
      const line = this.#lines.next(stepChars);
      if (line === undefined) return;
      const before = this.#intake.taken;
      const wrongs = "wrong" in line ? [invalid(line.wrong)] : this.#takePoint(line.point);
      if (wrongs.length === 0) this.accepted++;
      else this.partlyAccepted += this.#intake.taken - before;
      this.refusedCount += wrongs.length;
      this.firstCode ??= wrongs[0]?.code;
      for (const { message } of wrongs) {
        if (this.refused.length < refusedMax) this.refused.push(`line ${line.number}: ${message}`);
      }
    }
  }

  flush(): void {
    this.#intake.flush();
  }

  /** Returns why parts of the line were refused; empty when all of it was taken. */
  #takePoint(line: LinePoint): Wrong[] {
    const { unitNs, nowNs } = this.#options;
    const wrongs: Wrong[] = [];
    const timeNs = line.time === undefined ? nowNs : line.time * unitNs;
    if (BigInt.asIntN(64, timeNs) !== timeNs) {
      return [invalid(`time ${line.time} is not an int64 of nanoseconds`)];
    }
    point.setTimeNs(timeNs);
    for (const { tag, values, wrong } of seriesOf(line)) {
      const why = wrong ?? point.setTag(tag);
      if (why === undefined) {
        point.values.set(values);
        point.count = values.length;
      }
      const refusal = why === undefined ? this.#intake.point(point) : invalid(why);
      if (refusal !== undefined) wrongs.push(refusal);
    }
    return wrongs;
  }
}

type Wrong = Pick<Issue, "code" | "message">;

function invalid(message: string): Wrong {
  return { code: "invalid", message };
}

interface Series {
  readonly tag: string;
  readonly values: readonly number[];
  readonly wrong?: string;
}

function seriesOf({ series, fields }: LinePoint): readonly Series[] {
  const columns = columnsOf(fields);
  if (columns !== undefined) return [{ tag: withoutColon(series), values: columns }];
  return [...fields].map(([name, value]) => {
    const tag = `${series}:${withoutColon(name)}`;
    if (typeof value === "number") return { tag, values: [value] };
    const wrong = `field ${quoted(name)} is text, expected a number`;
    return { tag, values: [], wrong };
  });
}

/**
 * Two series never have the same name: the last colon that is not escaped is in front of the field, and
 * a name without a field has none.
 */
function withoutColon(name: string): string {
  return name.includes(":") ? name.replaceAll(":", "\\:") : name;
}

/** The values of a field set that is one measurement. */
function columnsOf(fields: LinePoint["fields"]): readonly number[] | undefined {
  const only = fields.size === 1 ? fields.get("value") : undefined;
  if (typeof only === "number") return [only];
  if (fields.size > valuesMax) return undefined;
  const values: number[] = [];
  for (let i = 0; i < fields.size; i++) {
    const value = fields.get(`v${i}`);
    if (typeof value !== "number") return undefined;
    values.push(value);
  }
  return values;
}
