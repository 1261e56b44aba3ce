/**
 * Appends the announcements of one kind, in the order of their numbers, as an idempotent producer.
 * When an owner dies after an append, the next owner repeats it, and the log drops the duplicate.
 */

import type { Clock } from "../../core/clock.ts";
import { type Failure, failureFrom } from "../../core/failure.ts";
import { ackType, type LogRecord } from "../../core/record.ts";
import { BackOff } from "../../core/retry.ts";
import { renderTime } from "../../core/time.ts";
import type { AppendOwn } from "../../ingest/ingest.ts";
import { timesSeen } from "./ids.ts";
import { type AckRule, type Announcement, overdueTopic, placeNames } from "./rule.ts";

export interface AppenderOptions {
  readonly rule: AckRule;
  readonly of: "acks" | "notices";
  /** Creates the topic where it does not exist. */
  readonly append: AppendOwn;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly epoch: Epoch;
  readonly onFailure: (failure: Failure) => void;
  /** Called with the delay of each appended ack. */
  readonly onAck: (delayMs: number) => void;
}

/** The producer epoch of a rule, which its two appenders share. */
export interface Epoch {
  current(): number;
  /** Begins the epoch after `from`, unless it has begun already. */
  raise(from: number): Promise<void>;
}

/** A frame of this size is far below the limit of any broker, and takes a millisecond. */
const frameRecordsMax = 500;
const frameBytesMax = 256 * 1024;
const retryMs = { first: 50, most: 5000 };

const utf8 = new TextEncoder();

export class Appender {
  /** Resolves, never rejects, once the signal has ended it. */
  readonly done: Promise<void>;
  readonly #options: AppenderOptions;
  readonly #topic: string;
  readonly #waiting = new Set<() => void>();
  #pending: Announcement[] = [];
  #sent = 0;
  #recordsMax = frameRecordsMax;

  constructor(options: AppenderOptions) {
    const { rule, of } = options;
    this.#options = options;
    this.#topic = of === "acks" ? rule.output : overdueTopic(rule.output);
    this.done = this.#run();
  }

  /** The number of the last announcement that this appender appended; 0 before the first. */
  get sent(): number {
    return this.#sent;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** The announcements must be committed, and continue the numbers of those pushed before. */
  push(announcements: readonly Announcement[]): void {
    if (announcements.length === 0) return;
    this.#pending.push(...announcements);
    this.#wake();
  }

  /** Waits until at most `pendingMax` are pending, or the signal aborts. */
  async room(pendingMax: number): Promise<void> {
    while (this.#pending.length > pendingMax && !this.#options.signal.aborted) await this.#change();
  }

  async #run(): Promise<void> {
    const { signal, clock, onFailure } = this.#options;
    const backOff = new BackOff(clock, retryMs);
    while (!signal.aborted) {
      if (this.#pending.length === 0) {
        await this.#change();
        continue;
      }
      try {
        await this.#unlessEnded(this.#append());
        backOff.reset();
      } catch (error) {
        onFailure(failureFrom(error));
        await backOff.wait(signal);
      }
    }
  }

  async #append(): Promise<void> {
    const { rule, of, append, epoch, clock, onAck } = this.#options;
    const rendered = this.#frame(clock.nowNs());
    const sequences = rendered.map(({ n }) => n);
    const first = sequences[0] ?? 0;
    const began = epoch.current();
    try {
      const { duplicate } = await append(
        this.#topic,
        rendered.map(({ record }) => record),
        { producer: { id: `ack-rule/${rule.life}`, epoch: began, first, sequences } },
      );
      // The delays of acks that another owner had appended already are not known here.
      if (of === "acks" && !duplicate) for (const { delayMs } of rendered) onAck(delayMs);
    } catch (error) {
      const failure = failureFrom(error);
      // The log misses numbers, because it lost acknowledged records (a broker was restored from a
      // backup, say). Or another owner has found this already, and begun the next epoch.
      if (failure.code === "conflict") await epoch.raise(began);
      if (failure.code === "too_large") this.#recordsMax = Math.max(1, this.#recordsMax >>> 1);
      throw failure;
    }
    this.#pending.splice(0, rendered.length);
    this.#sent = sequences.at(-1) ?? this.#sent;
    this.#wake();
  }

  #frame(nowNs: bigint): Rendered[] {
    const rendered: Rendered[] = [];
    let bytes = 0;
    for (const announcement of this.#pending) {
      const one = render(this.#options, announcement, nowNs);
      bytes += one.record.value.byteLength;
      if (rendered.length === this.#recordsMax) break;
      if (rendered.length > 0 && bytes > frameBytesMax) break;
      rendered.push(one);
    }
    return rendered;
  }

  /** Does not wait for an unresponsive log after the signal: the next owner repeats the append. */
  async #unlessEnded(appending: Promise<void>): Promise<void> {
    const { signal } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ended = () => resolve();
    signal.addEventListener("abort", ended, { once: true });
    appending.then(resolve, reject);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", ended);
    }
  }

  #wake(): void {
    for (const waiting of [...this.#waiting]) waiting();
  }

  #change(): Promise<void> {
    const { signal } = this.#options;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.#waiting.add(done);
    });
  }
}

interface Rendered {
  readonly n: number;
  readonly delayMs: number;
  readonly record: LogRecord;
}

/** Acks have the message id as key, notices the rule's name, because rules may share an output. */
function render(
  { rule, of }: Pick<AppenderOptions, "rule" | "of">,
  { n, id, seen, state, late }: Announcement,
  nowNs: bigint,
): Rendered {
  const places = placeNames(rule);
  const times = Object.fromEntries(
    places.flatMap((place, i) => {
      const ns = seen[i];
      return ns === undefined ? [] : [[place, renderTime(ns)]];
    }),
  );
  const delayMs = Math.max(0, Number(nowNs - (timesSeen(seen).at(-1) ?? nowNs)) / 1e6);
  const head = { rule: rule.name, message_id: id };
  const body =
    of === "acks"
      ? {
          ...head,
          seen: times,
          delay_ms: Math.round(delayMs * 1000) / 1000,
          ...(late ? { late } : {}),
        }
      : { ...head, state, missing: places.filter((_, i) => seen[i] === undefined), seen: times };
  const record = {
    value: utf8.encode(JSON.stringify(body)),
    key: of === "acks" ? id : rule.name,
    contentType: ackType,
    schemaId: 0,
    timeNs: nowNs,
  };
  return { n, delayMs, record };
}
