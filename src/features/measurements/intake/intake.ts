/**
 * The measurements of one call: checks them, refuses bad ones by index, and passes the others on as
 * encoded records in large pieces. All calls share one scanner and one buffer, which are empty while
 * a call waits for its turn.
 */

import { Buffer } from "node:buffer";
import type { Caller } from "../../../core/access/caller.ts";
import type { Turn } from "../../../core/budget/turn.ts";
import type { Clock } from "../../../core/clock.ts";
import { invalidIssue, type Issue } from "../../../core/failure.ts";
import type { RecordCounts } from "../../../core/metrics/records.ts";
import type { TimeBounds } from "../measurement.ts";
import { type Point, timeIssue } from "../point.ts";
import { PointWriter } from "../record.ts";
import type { TagBound } from "../tag-bound.ts";
import { isSpace } from "./json-cursor.ts";
import { MeasurementScanner } from "./scanner.ts";

/** Takes `count` encoded records, `bytes[from … to]`, and copies them. */
export interface RecordSink {
  add(bytes: Buffer, from: number, to: number, count: number): void;
}

export interface IntakeDeps {
  readonly clock: Clock;
  readonly bounds: TimeBounds;
  /** Refuses new tags past their number, and past that of their caller; without it there may be any number. */
  readonly tags?: Pick<TagBound, "asks" | "refusal">;
  readonly counts?: Pick<RecordCounts, "refused">;
}

/** Bounds the list of an answer, so that a million bad lines do not make a larger answer. */
const refusedMax = 1000;
const pieceBytes = 64 * 1024;
/** Measurements, and bytes of empty lines, between two looks at the clock. */
const stepLines = 16;
const stepBytes = 32 * 1024;
const NEWLINE = 0x0a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

const scanner = new MeasurementScanner(Buffer.alloc(0));
const writer = new PointWriter(pieceBytes);

export class Intake {
  readonly #sink: RecordSink;
  readonly #bounds: TimeBounds;
  readonly #nowMs: number;
  readonly #bound: Pick<TagBound, "asks" | "refusal"> | undefined;
  /** Undefined where any new tag may come: then a point costs nothing more. */
  #tags: Pick<TagBound, "refusal"> | undefined;
  readonly #by: Caller;
  /** Whether it may write every tag: then a point costs nothing more. */
  readonly #mayAll: boolean;
  readonly #refusedCounts: RecordCounts["refused"] | undefined;
  readonly refused: Issue[] = [];
  /** Number of refused measurements that `refused` does not list. */
  refusedMore = 0;
  taken = 0;

  constructor({ clock, bounds, tags, counts }: IntakeDeps, sink: RecordSink, by: Caller) {
    this.#sink = sink;
    this.#refusedCounts = counts?.refused;
    this.#by = by;
    this.#mayAll = by.mayAll("append", "series");
    this.#bounds = bounds;
    this.#nowMs = clock.nowMs();
    this.#bound = tags;
  }

  /** The index of the next measurement; refused ones count. */
  get index(): number {
    return this.taken + this.refused.length + this.refusedMore;
  }

  /** Takes a body that is one measurement. */
  one(body: Buffer): void {
    const isMeasurement = scanner.scan(body, 0, body.byteLength);
    const { issue, isJson } = scanner;
    if (isJson && scanner.next() !== 0) this.refuse(trailing);
    else this.#scanned(isMeasurement, issue);
    this.flush();
  }

  /** Takes one measurement per line. A bad line harms no other; empty lines are skipped. */
  async lines(bytes: Buffer, turn: Turn): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      at = this.#someLines(bytes, at);
      if (turn.isOver) await this.#pause(turn);
    }
    this.flush();
  }

  /** Takes the elements of an array, up to the first that is not JSON: its end cannot be found. */
  async array(body: Buffer, turn: Turn): Promise<void> {
    const end = body.byteLength;
    let at = body.indexOf(OPEN_BRACKET) + 1;
    for (let count = 1; ; count++) {
      if (count % stepLines === 0 && turn.isOver) await this.#pause(turn);
      const isMeasurement = scanner.scan(body, at, end);
      const { issue, isJson } = scanner;
      if (!isJson) {
        const isEmpty = this.index === 0 && isAllOf(body, at, end, CLOSE_BRACKET);
        if (!isEmpty) this.refuse(issue);
        break;
      }
      const after = scanner.next();
      if (after !== COMMA && after !== CLOSE_BRACKET) {
        this.refuse(unseparated);
        break;
      }
      this.#scanned(isMeasurement, issue);
      at = scanner.at + 1;
      if (after === COMMA) continue;
      scanner.at = at;
      if (scanner.next() !== 0) this.refuse(trailing);
      break;
    }
    this.flush();
  }

  /** Takes a point, or returns why it is refused. `flush` must follow. */
  point(point: Point): Issue | undefined {
    // Nothing is written yet after each wait, in which the bound may have been reached.
    if (writer.count === 0) {
      this.#tags = this.#bound?.asks(this.#by) === true ? this.#bound : undefined;
    }
    const issue =
      (this.#mayAll ? undefined : this.#by.issue("append", "series", point.tagText(), "tag")) ??
      timeIssue(point, this.#nowMs, this.#bounds) ??
      this.#tags?.refusal(point.tag, point.tagLength, this.#by);
    if (issue !== undefined) return issue;
    if (writer.isFull) this.flush();
    writer.write(point);
    this.taken++;
    return undefined;
  }

  refuse(issue: Issue): void {
    this.#refusedCounts?.add(issue.code);
    if (this.refused.length < refusedMax) this.refused.push({ index: this.index, ...issue });
    else this.refusedMore++;
  }

  /** Passes on the taken points. The shared buffer must be empty before the caller awaits. */
  flush(): void {
    if (writer.count > 0) {
      this.#by.allowance?.spend(writer.count, writer.length);
      this.#sink.add(writer.bytes, 0, writer.length, writer.count);
    }
    writer.clear();
  }

  async #pause(turn: Turn): Promise<void> {
    this.flush();
    await turn.next();
  }

  /** Takes a few lines from `from` on, or passes many empty ones; returns where the next begins. */
  #someLines(bytes: Buffer, from: number): number {
    let at = from;
    const stop = Math.min(bytes.byteLength, from + stepBytes);
    for (let left = stepLines; left > 0; left--) {
      // Byte by byte, which is faster than a search for the end of each empty line.
      while (at < stop && isSpace(bytes[at])) at++;
      if (at >= stop) break;
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline < 0 ? bytes.byteLength : newline;
      this.#line(bytes, at, end);
      at = end + 1;
    }
    return at;
  }

  #scanned(isMeasurement: boolean, issue: Issue): void {
    const refusal = isMeasurement ? this.point(scanner.point) : issue;
    if (refusal !== undefined) this.refuse(refusal);
  }

  #line(bytes: Buffer, from: number, end: number): void {
    if (scanner.scan(bytes, from, end)) {
      if (scanner.next() === 0) this.#scanned(true, trailing);
      else this.refuse(trailing);
    } else this.refuse(scanner.issue);
  }
}

function isAllOf(body: Buffer, from: number, end: number, byte: number): boolean {
  return body.toString("latin1", from, end).trim() === String.fromCharCode(byte);
}

const trailing = invalidIssue(
  "body",
  "Cannot parse JSON: there is more after the value, expected one per line, or an array",
);
const unseparated = invalidIssue(
  "body",
  "Cannot parse JSON: expected a comma or ] after an element",
);
