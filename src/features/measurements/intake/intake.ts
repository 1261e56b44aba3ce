/**
 * What one call brings as measurements: checked, refused by index, and handed on as encoded records
 * in large pieces. Everything here is synchronous, so all calls share one scanner and one buffer.
 */
import { Buffer } from "node:buffer";
import type { Clock } from "../../../core/clock.ts";
import { type Issue, invalidIssue } from "../../../core/failure.ts";
import type { TimeBounds } from "../measurement.ts";
import { MeasurementScanner } from "./scanner.ts";
import { timeIssue, type Point } from "../point.ts";
import { PointWriter } from "../record.ts";

/** Takes `count` encoded records, `bytes[from … to]`, and copies them. */
export interface RecordSink {
  add(bytes: Buffer, from: number, to: number, count: number): void;
}

export interface IntakeParts {
  readonly clock: Clock;
  readonly bounds: TimeBounds;
}

/** What an answer lists; a million bad lines are not to be a larger answer than their request. */
const refusedMax = 1000;
const pieceBytes = 64 * 1024;
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
  readonly refused: Issue[] = [];
  /** Refused ones that are not listed. */
  refusedMore = 0;
  taken = 0;

  constructor({ clock, bounds }: IntakeParts, sink: RecordSink) {
    this.#sink = sink;
    this.#bounds = bounds;
    this.#nowMs = clock.nowMs();
  }

  /** Measurements so far, refused ones among them: the index of the next. */
  get index(): number {
    return this.taken + this.refused.length + this.refusedMore;
  }

  /** The one value of a body. */
  one(body: Buffer): void {
    const isMeasurement = scanner.scan(body, 0, body.byteLength);
    const { issue, isJson } = scanner;
    if (isJson && scanner.next() !== 0) this.refuse(trailing);
    else this.#scanned(isMeasurement, issue);
    this.flush();
  }

  /** A measurement a line: a bad line is refused by itself, an empty one is none. */
  lines(bytes: Buffer): void {
    let from = 0;
    while (from < bytes.byteLength) {
      const newline = bytes.indexOf(NEWLINE, from);
      const end = newline < 0 ? bytes.byteLength : newline;
      this.#line(bytes, from, end);
      from = end + 1;
    }
    this.flush();
  }

  /** The elements of an array. What follows one that is no JSON cannot be told apart any more. */
  array(body: Buffer): void {
    const end = body.byteLength;
    let at = body.indexOf(OPEN_BRACKET) + 1;
    for (;;) {
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

  /** Takes one, or says why it is not taken. To be flushed. */
  point(point: Point): Issue | undefined {
    const issue = timeIssue(point, this.#nowMs, this.#bounds);
    if (issue !== undefined) return issue;
    if (writer.isFull) this.flush();
    writer.write(point);
    this.taken++;
    return undefined;
  }

  refuse(issue: Issue): void {
    if (this.refused.length < refusedMax) this.refused.push({ index: this.index, ...issue });
    else this.refusedMore++;
  }

  /** Hands on what was taken: nothing may be kept in the shared buffer over a wait. */
  flush(): void {
    if (writer.count > 0) this.#sink.add(writer.bytes, 0, writer.length, writer.count);
    writer.clear();
  }

  #scanned(isMeasurement: boolean, issue: Issue): void {
    const refusal = isMeasurement ? this.point(scanner.point) : issue;
    if (refusal !== undefined) this.refuse(refusal);
  }

  #line(bytes: Buffer, from: number, end: number): void {
    if (scanner.scan(bytes, from, end)) {
      if (scanner.next() === 0) this.#scanned(true, trailing);
      else this.refuse(trailing);
      return;
    }
    scanner.at = from;
    // White space alone.
    if (scanner.next() !== 0) this.refuse(scanner.issue);
  }
}

function isAllOf(body: Buffer, from: number, end: number, byte: number): boolean {
  return body.toString("latin1", from, end).trim() === String.fromCharCode(byte);
}

const trailing = invalidIssue(
  "body",
  "Cannot parse JSON: there is more behind the value, expected one a line, or an array",
);
const unseparated = invalidIssue(
  "body",
  "Cannot parse JSON: expected a comma or ] behind an element",
);
