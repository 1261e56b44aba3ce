/**
 * What one caller may use of a node: token buckets, which fill up with time. What is spent may exceed what
 * is left, because a request is known in full only once it was read; the next one then waits until the
 * debt is paid.
 */

import { BoundedMap } from "../budget/bounded-map.ts";
import { type Clock, sleep } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { CallerLimit } from "../metrics/counters.ts";

/** 0: no limit. */
export interface AllowanceLimits {
  readonly requestsPerSecond: number;
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Streams that are open at once: SSE, WebSocket, and streams of RPC. */
  readonly streamsMax: number;
  /** Of each kind of thing. */
  readonly createsPerHour: number;
}

export type CreatedKind = Extract<
  CallerLimit,
  "topics" | "emitters" | "tags" | "subjects" | "rules"
>;

interface BucketOptions {
  readonly limit: CallerLimit;
  readonly max: number;
  readonly windowMs: number;
  readonly setting: string;
}

class Bucket {
  readonly options: BucketOptions;
  readonly #clock: Clock;
  #left: number;
  #filledMs: number;

  constructor(options: BucketOptions, clock: Clock) {
    this.options = options;
    this.#clock = clock;
    this.#left = options.max;
    this.#filledMs = clock.nowMs();
  }

  spend(amount: number): void {
    this.#left -= amount;
  }

  /** Time until something is left; 0: now. */
  get waitMs(): number {
    const { max, windowMs } = this.options;
    const nowMs = this.#clock.nowMs();
    const filled = (Math.max(0, nowMs - this.#filledMs) * max) / windowMs;
    this.#left = Math.min(max, this.#left + filled);
    this.#filledMs = nowMs;
    return this.#left >= 1 ? 0 : Math.ceil(((1 - this.#left) * windowMs) / max);
  }
}

const secondMs = 1000;
const hourMs = 3_600_000;
const nothing = () => {};

export class Allowance {
  readonly #limits: AllowanceLimits;
  readonly #clock: Clock;
  readonly #onHit: (limit: CallerLimit) => void;
  readonly #requests: Bucket | undefined;
  readonly #records: Bucket | undefined;
  readonly #bytes: Bucket | undefined;
  readonly #creates = new Map<CreatedKind, Bucket>();
  #streams = 0;

  constructor(limits: AllowanceLimits, clock: Clock, onHit: (limit: CallerLimit) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onHit = onHit;
    this.#requests = this.#perSecond("requests", limits.requestsPerSecond);
    this.#records = this.#perSecond("records", limits.recordsPerSecond);
    this.#bytes = this.#perSecond("bytes", limits.bytesPerSecond);
  }

  /** Counts a request or message. Throws `overloaded` past a limit; only writers wait for their records. */
  admit(isWrite: boolean): void {
    this.#require(this.#requests);
    if (isWrite) {
      this.#require(this.#records);
      this.#require(this.#bytes);
    }
    this.#requests?.spend(1);
  }

  /** Counts what a request brought. */
  spend(records: number, bytes: number): void {
    this.#records?.spend(records);
    this.#bytes?.spend(bytes);
  }

  /** How long a stream of records must not be read; 0: it may go on. */
  get pauseMs(): number {
    const waits = [this.#records, this.#bytes].map((bucket) => bucket?.waitMs ?? 0);
    const pauseMs = Math.max(...waits);
    if (pauseMs > 0) this.#onHit((waits[0] ?? 0) > 0 ? "records" : "bytes");
    return pauseMs;
  }

  /** Resolves once a stream of records may be read on, or when `signal` aborts. */
  async rest(signal?: AbortSignal): Promise<void> {
    const { pauseMs } = this;
    if (pauseMs > 0) await sleep(this.#clock, pauseMs, signal);
  }

  /** Throws `overloaded` where one more stream would be too many. */
  requireStream(): void {
    const { streamsMax } = this.#limits;
    if (streamsMax === 0 || this.#streams < streamsMax) return;
    this.#onHit("streams");
    throw new Failure(
      "overloaded",
      `Cannot open a stream: this caller has ${this.#streams} open, expected at most ${streamsMax} (SLUICE_CALLER_STREAMS_MAX)`,
      { retryAfterMs: secondMs },
    );
  }

  /** Counts a stream until the returned function is called. Throws `overloaded` past their number. */
  openStream(): () => void {
    if (this.#limits.streamsMax === 0) return nothing;
    this.requireStream();
    this.#streams++;
    let isOpen = true;
    return () => {
      if (isOpen) this.#streams--;
      isOpen = false;
    };
  }

  /** Counts a thing that is created. Throws `overloaded` past their number in an hour. */
  create(limit: CreatedKind): void {
    const bucket = this.#created(limit);
    this.#require(bucket);
    bucket?.spend(1);
  }

  /** The same for one record among others: false past the number, and then nothing is counted. */
  mayCreate(limit: CreatedKind): boolean {
    const bucket = this.#created(limit);
    if (bucket === undefined) return true;
    if (bucket.waitMs > 0) {
      this.#onHit(limit);
      return false;
    }
    bucket.spend(1);
    return true;
  }

  get createsPerHour(): number {
    return this.#limits.createsPerHour;
  }

  #created(limit: CreatedKind): Bucket | undefined {
    const { createsPerHour } = this.#limits;
    if (createsPerHour === 0) return undefined;
    let bucket = this.#creates.get(limit);
    if (bucket === undefined) {
      const setting = "SLUICE_CALLER_CREATES_PER_HOUR";
      bucket = new Bucket({ limit, max: createsPerHour, windowMs: hourMs, setting }, this.#clock);
      this.#creates.set(limit, bucket);
    }
    return bucket;
  }

  #perSecond(limit: "requests" | "records" | "bytes", max: number): Bucket | undefined {
    if (max === 0) return undefined;
    const setting = `SLUICE_CALLER_${limit.toUpperCase()}_PER_SECOND`;
    return new Bucket({ limit, max, windowMs: secondMs, setting }, this.#clock);
  }

  #require(bucket: Bucket | undefined): void {
    const retryAfterMs = bucket?.waitMs ?? 0;
    if (bucket === undefined || retryAfterMs === 0) return;
    const { limit, max, windowMs, setting } = bucket.options;
    this.#onHit(limit);
    const window = windowMs === secondMs ? "a second" : "an hour";
    throw new Failure(
      "overloaded",
      `Cannot take more ${limit} of this caller: expected at most ${max} in ${window} (${setting})`,
      { retryAfterMs, rateLimit: { policy: limit, quota: max, windowMs } },
    );
  }
}

/** Callers that are remembered: one that is forgotten starts again with full buckets. */
const callersMax = 100_000;

/** The allowances of a node's callers, by the id of the principal or the address. */
export class Allowances {
  readonly #limits: AllowanceLimits;
  readonly #clock: Clock;
  readonly #onHit: (limit: CallerLimit) => void;
  readonly #known = new BoundedMap<string, Allowance>(callersMax);

  constructor(limits: AllowanceLimits, clock: Clock, onHit: (limit: CallerLimit) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onHit = onHit;
  }

  of(id: string): Allowance {
    let allowance = this.#known.get(id);
    if (allowance === undefined) {
      allowance = new Allowance(this.#limits, this.#clock, this.#onHit);
      this.#known.set(id, allowance);
    }
    return allowance;
  }
}
