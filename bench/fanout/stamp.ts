/**
 * Makes an event measurable: its body carries the publisher's clock and its number behind a mark
 * that occurs nowhere else in a stream, so a subscriber finds it in the bytes alone, in any protocol.
 */

import type { Latencies } from "../latencies.ts";

/**
 * A length byte of a WebSocket frame may have any value, but these three before a digit cannot be
 * part of a frame header, because the payload begins with a bracket.
 */
const mark = "~s~";
const [first, second, third] = new TextEncoder().encode(mark);
const timeDigits = 16;
const stampBytes = mark.length + timeDigits + 9;
const frame = '{"v":""}'.length;

/** Size of the smallest event with a stamp. */
export const eventBytesMin = frame + stampBytes;

// Read at a tick of the wall clock, because `performance.timeOrigin` is off by up to half a millisecond.
// A process that is delayed just then reads it late and never early, so the latest reading is right.
const originUs = Math.max(...Array.from({ length: 8 }, () => tickUs() - performance.now() * 1e3));

/** Microseconds since the Unix epoch: the one clock that all processes of a machine share, finer than `Date.now()`. */
export function nowUs(): number {
  return originUs + performance.now() * 1e3;
}

function tickUs(): number {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  return now * 1e3;
}

/** An event of `bytes` bytes of JSON: `{"v":"~s~<µs><number>xxx…"}`. */
export function stampedEvent(number: number, bytes: number): string {
  const time = String(Math.round(nowUs())).padStart(timeDigits, "0");
  const stamp = `${mark}${time}${String(number).padStart(9, "0")}`;
  return `{"v":"${stamp}${"x".repeat(bytes - frame - stampBytes)}"}`;
}

/** Reads the stamps of one stream. Events are numbered from 0. */
export class StampReader {
  /** The number that comes next when nothing is missing. */
  next = 0;
  /** Number of events that were skipped; `duplicates`: that came again or too late. */
  gaps = 0;
  duplicates = 0;
  received = 0;
  /** Time of the last event. */
  atUs = 0;
  readonly #latencies: Latencies;
  /** The first part of a stamp that the last bytes cut off. */
  #rest: Uint8Array | undefined;

  constructor(latencies: Latencies) {
    this.#latencies = latencies;
  }

  take(piece: Uint8Array, atUs: number): void {
    const bytes = this.#rest === undefined ? piece : joined(this.#rest, piece);
    this.#rest = undefined;
    for (let at = find(bytes, 0); at >= 0; at = find(bytes, at + stampBytes)) {
      if (at + stampBytes > bytes.byteLength) {
        this.#rest = bytes.slice(at);
        return;
      }
      const timeAt = at + mark.length;
      const numberAt = timeAt + timeDigits;
      this.#count(digits(bytes, numberAt, at + stampBytes));
      this.atUs = atUs;
      this.#latencies.record(atUs - digits(bytes, timeAt, numberAt));
    }
  }

  #count(number: number): void {
    this.received++;
    if (number < this.next) {
      this.duplicates++;
      return;
    }
    this.gaps += number - this.next;
    this.next = number + 1;
  }
}

/** Index of the next stamp, or of a possible one at the end of the bytes; -1 when there is not any. */
function find(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at++) {
    at = bytes.indexOf(first ?? 0, at);
    if (at < 0 || at + mark.length >= bytes.byteLength) return at;
    const digit = (bytes[at + mark.length] ?? 0) - 0x30;
    if (bytes[at + 1] === second && bytes[at + 2] === third && digit >= 0 && digit <= 9) return at;
  }
}

function digits(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return value;
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const out = new Uint8Array(head.byteLength + tail.byteLength);
  out.set(head);
  out.set(tail, head.byteLength);
  return out;
}
