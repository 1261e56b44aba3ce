/**
 * What makes an event measurable: its body carries the publisher's clock and its number behind a
 * mark that is nowhere else in a stream, so that a subscriber finds it by looking at bytes alone,
 * whatever protocol carried it.
 */
import { Histogram } from "./histogram.ts";

const mark = 0x7e;
const timeDigits = 16;
const stampBytes = 1 + timeDigits + 9;
const frame = '{"v":""}'.length;

/** The smallest event that holds a stamp. */
export const eventBytesMin = frame + stampBytes;

// Read where the wall clock ticks: `performance.timeOrigin` is up to half a millisecond beside it.
const originUs = tickUs() - performance.now() * 1e3;

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

/** An event of `bytes` bytes of JSON: `{"v":"~<µs><number>xxx…"}`. */
export function stampedEvent(number: number, bytes: number): string {
  const time = String(Math.round(nowUs())).padStart(timeDigits, "0");
  const stamp = `~${time}${String(number).padStart(9, "0")}`;
  return `{"v":"${stamp}${"x".repeat(bytes - frame - stampBytes)}"}`;
}

/** Reads the stamps of one stream. Events are numbered from 0. */
export class StampReader {
  /** The number that comes next when nothing is missing. */
  next = 0;
  /** Numbers that were passed over, and those that came again or too late. */
  gaps = 0;
  duplicates = 0;
  received = 0;
  /** When the last one came. */
  atUs = 0;
  readonly #latencies: Histogram;
  /** A stamp's beginning, when the bytes ended within it. */
  #rest: Uint8Array | undefined;

  constructor(latencies: Histogram) {
    this.#latencies = latencies;
  }

  take(piece: Uint8Array, atUs: number): void {
    const bytes = this.#rest === undefined ? piece : joined(this.#rest, piece);
    this.#rest = undefined;
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + stampBytes)) {
      if (at + stampBytes > bytes.byteLength) {
        this.#rest = bytes.slice(at);
        return;
      }
      const numberAt = at + 1 + timeDigits;
      this.#count(digits(bytes, numberAt, at + stampBytes));
      this.atUs = atUs;
      this.#latencies.record(atUs - digits(bytes, at + 1, numberAt));
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

function digits(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return value;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const out = new Uint8Array(first.byteLength + second.byteLength);
  out.set(first);
  out.set(second, first.byteLength);
  return out;
}
