/**
 * The collector: records of all calls, framed together into appends (`lane.ts`). A call hands over
 * messages as they came from the wire; this is where 25,000 of them meet.
 */
import type { Batch } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import type { Appended, Log, ProducerRun, TopicAdmin } from "../core/log.ts";
import type { RecordForms } from "../core/record-contract.ts";
import { parseName, type TopicSettings } from "../core/topic.ts";
import { appendOrCreate } from "./append.ts";
import { Buffers } from "./buffers.ts";
import { Call, type CallHost, type Place } from "./call.ts";
import type { SchemaGate, TopicGate } from "./schema-gate.ts";
import type { InFlight } from "./in-flight.ts";
import { frameBytesMax, Batcher } from "./batcher.ts";
import type { IngestLimits } from "./limits.ts";

export interface CollectorParts {
  readonly log: Log & TopicAdmin;
  readonly clock: Clock;
  readonly gate: SchemaGate;
  /** Of the topics whose records have a form of their own. */
  readonly forms?: RecordForms;
  readonly limits: IngestLimits;
  readonly inFlight: InFlight;
  /** What a topic that comes to be by its first record is made with; undefined forbids it. */
  readonly newTopics: TopicSettings | undefined;
}

export class Collector implements CallHost {
  readonly #parts: CollectorParts;
  readonly #newTopics: TopicSettings | undefined;
  readonly #places = new Map<string, Place>();
  readonly #buffers = new Buffers(frameBytesMax);
  #sweepAt = 64;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    // Streams bring more than single entries can carry.
    this.#newTopics = parts.newTopics && { ...parts.newTopics, layout: "frames" };
  }

  get limits(): IngestLimits {
    return this.#parts.limits;
  }

  get inFlight(): InFlight {
    return this.#parts.inFlight;
  }

  /** A call without records so far. It has to be closed. */
  open(): Call {
    return new Call(this);
  }

  /** Throws `invalid` on a name that no topic has. */
  enter(topic: string, producerId: string | undefined): Place {
    const name = parseName(topic, "topic");
    // A producer's records are an entry of their own: the log tells by its entries what it has of it.
    const id = producerId === undefined ? name : `${name}/${producerId}`;
    let place = this.#places.get(id);
    if (place === undefined) {
      this.#sweep();
      const gate = this.#parts.gate.topic(name);
      const form = this.#parts.forms?.get(name);
      place = { topic: name, form, gate, lane: this.#lane(name, gate), users: 0 };
      this.#places.set(id, place);
    }
    place.users++;
    return place;
  }

  leave(place: Place): void {
    place.users--;
  }

  #lane(topic: string, gate: TopicGate): Batcher {
    const { clock, limits, inFlight } = this.#parts;
    return new Batcher({
      topic,
      clock,
      lingerMs: limits.lingerMs,
      inFlight,
      buffers: this.#buffers,
      append: async (batch, run) => {
        const appended = await this.#append(topic, batch, run);
        gate.appended(appended.last);
        return appended;
      },
    });
  }

  #append(topic: string, batch: Batch, run: ProducerRun | undefined): Promise<Appended> {
    const options = run === undefined ? undefined : { producer: run };
    return appendOrCreate(this.#parts.log, this.#newTopics, topic, batch, options);
  }

  /** Lets go of lanes that nobody uses. Doubling keeps its cost out of the calls'. */
  #sweep(): void {
    if (this.#places.size < this.#sweepAt) return;
    for (const [id, { users, lane }] of this.#places) {
      if (users === 0 && lane.isIdle) this.#places.delete(id);
    }
    this.#sweepAt = Math.max(64, this.#places.size * 2);
  }
}
