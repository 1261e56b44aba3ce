/** The records of all calls on this node, framed together into appends (`batcher.ts`). */

import type { Allowance } from "../core/access/allowance.ts";
import type { Caller } from "../core/access/caller.ts";
import type { Batch } from "../core/batch.ts";
import type { Turns } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import type { Appended, ProducerRun } from "../core/log.ts";
import { RecordCounts } from "../core/metrics/records.ts";
import type { TopicSettings } from "../core/topic.ts";
import { type AppendLog, appendOrCreate } from "./append.ts";
import { Batcher, frameBytesMax } from "./batcher.ts";
import { Buffers } from "./buffers.ts";
import { Call, type CallHost, type OpenTopic } from "./call.ts";
import type { InFlight } from "./in-flight.ts";
import type { IngestLimits } from "./limits.ts";
import type { SchemaGate, TopicGate } from "./schema-gate.ts";
import { type Author, payerOf, type TopicRules } from "./topic-rules.ts";
import { traceHeaderField } from "./trace-header.ts";

export interface CollectorDeps {
  readonly log: AppendLog;
  readonly clock: Clock;
  readonly gate: SchemaGate;
  readonly rules: TopicRules;
  readonly limits: IngestLimits;
  readonly inFlight: InFlight;
  readonly turns: Turns;
  /** Settings of a topic that is created by its first record; undefined forbids that. */
  readonly newTopics: TopicSettings | undefined;
  readonly counts?: RecordCounts;
}

export class Collector implements CallHost {
  readonly #deps: CollectorDeps;
  readonly #newTopics: TopicSettings | undefined;
  readonly #openTopics = new Map<string, OpenTopic>();
  readonly #buffers = new Buffers(frameBytesMax);
  #sweepAt = 64;
  readonly counts: RecordCounts;

  constructor(deps: CollectorDeps) {
    this.#deps = deps;
    this.counts = deps.counts ?? new RecordCounts();
    // Streams bring more than entries of single records can carry.
    this.#newTopics = deps.newTopics && { ...deps.newTopics, layout: "frames" };
  }

  get limits(): IngestLimits {
    return this.#deps.limits;
  }

  get turns(): Turns {
    return this.#deps.turns;
  }

  get inFlight(): InFlight {
    return this.#deps.inFlight;
  }

  /** A call of `by` without records so far. Its opener must close it. */
  open(by: Caller, traceparent?: string | null): Call {
    return new Call(this, by, traceHeaderField(traceparent));
  }

  /** Throws what `TopicRules.require` throws of an append. */
  enter(topic: string, producerId: string | undefined, by: Author | Caller): OpenTopic {
    const { rules } = this.#deps;
    const name = rules.require(topic, "append", by);
    // A producer's records are in separate entries: the log finds in them what it has of a producer.
    const id = producerId === undefined ? name : `${name}/${producerId}`;
    let target = this.#openTopics.get(id);
    if (target === undefined) {
      this.#sweep();
      const gate = this.#deps.gate.topic(name);
      const contract = rules.contract(name);
      target = { topic: name, contract, gate, batcher: this.#batcher(name, gate, by), users: 0 };
      this.#openTopics.set(id, target);
    }
    target.users++;
    return target;
  }

  leave(target: OpenTopic): void {
    target.users--;
  }

  #batcher(topic: string, gate: TopicGate, by: Author | Caller): Batcher {
    // The first caller creates the topic, where none exists.
    const allowance = payerOf(by)?.allowance;
    const { clock, limits, inFlight } = this.#deps;
    return new Batcher({
      topic,
      clock,
      lingerMs: limits.lingerMs,
      inFlight,
      buffers: this.#buffers,
      append: async (batch, run) => {
        const appended = await this.#append(topic, batch, run, allowance);
        gate.appended(appended.last);
        return appended;
      },
    });
  }

  #append(
    topic: string,
    batch: Batch,
    run: ProducerRun | undefined,
    allowance: Allowance | undefined,
  ): Promise<Appended> {
    const options = run === undefined ? undefined : { producer: run };
    return appendOrCreate(this.#deps.log, this.#newTopics, topic, batch, options, allowance);
  }

  /** Evicts topics that no call uses. The threshold doubles, so that each call pays little for it. */
  #sweep(): void {
    if (this.#openTopics.size < this.#sweepAt) return;
    for (const [id, { users, batcher }] of this.#openTopics) {
      if (users === 0 && batcher.isIdle) this.#openTopics.delete(id);
    }
    this.#sweepAt = Math.max(64, this.#openTopics.size * 2);
  }
}
