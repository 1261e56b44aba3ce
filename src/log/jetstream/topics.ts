/**
 * Topics as streams: making, describing and removing them, and which life of each is the present
 * one.
 *
 * JetStream reserves a stream's `max_bytes` on making it, so a few topics of the default size
 * would fill a laptop's store with nothing in it. Where the reservation is refused, the stream is
 * made without it, and the gateway drops the oldest itself whenever it looks at the stream.
 */
import { jetstreamManager, type JetStreamManager, type StreamInfo } from "@nats-io/jetstream";
import { sleep } from "../../core/clock.ts";
import type { Bounds, TopicInfo } from "../../core/log.ts";
import { parseName, sameSettings, type TopicSettings } from "../../core/topic.ts";
import { topicConflict, topicNotFound } from "../answers.ts";
import { askMsMax, asked } from "./retry.ts";
import type { Connection } from "./connection.ts";
import {
  failureFromJetstream,
  isReservationRefused,
  isStreamNotFound,
  isStreamTaken,
} from "./failures.ts";
import {
  configFromSettings,
  excessOf,
  infoFromStream,
  keptSettings,
  lifeFromStream,
  type TopicIncarnation,
} from "./stream.ts";
import { streamFromTopic, topicFromStream } from "./subject.ts";

/** A life that was not confirmed for this long is confirmed in passing. */
const confirmMs = 10_000;
const deletedAdvisory = "$JS.EVENT.ADVISORY.STREAM.DELETED.";

/** What this node knows of a topic's life. */
export interface KnownLife {
  readonly life: TopicIncarnation;
  readonly confirmedMs: number;
  /** The highest sequence that this node was given in it. */
  lastSequence: number;
}

export interface Inspected {
  readonly life: TopicIncarnation;
  readonly bounds: Bounds;
}

export class Topics {
  readonly #connection: Connection;
  readonly #manager: JetStreamManager;
  readonly #replicas: number;
  readonly #known = new Map<string, KnownLife>();
  readonly #asking = new Map<string, Promise<KnownLife>>();
  readonly #onRemoved = new Set<(topic: string) => void>();

  private constructor(connection: Connection, manager: JetStreamManager, replicas: number) {
    this.#connection = connection;
    this.#manager = manager;
    this.#replicas = replicas;
    // Whatever happened while the connection was away was not told.
    connection.onLost(() => this.#known.clear());
    connection.nc.subscribe(`${deletedAdvisory}*`, {
      callback: (error, message) => {
        // Without the right to listen, a life that ended shows by its numbers and by `confirmMs`.
        if (!error) this.#removed(message.subject.slice(deletedAdvisory.length));
      },
    });
  }

  static async open(connection: Connection, replicas: number): Promise<Topics> {
    const manager = await jetstreamManager(connection.nc, { checkAPI: false, timeout: askMsMax });
    return new Topics(connection, manager, replicas);
  }

  get manager(): JetStreamManager {
    return this.#manager;
  }

  /** The topic's life as this node knows it; asks only when it knows none. Throws `not_found`. */
  life(topic: string): KnownLife | Promise<KnownLife> {
    const known = this.#known.get(topic);
    if (known === undefined) return this.confirm(topic);
    if (this.#connection.clock.nowMs() - known.confirmedMs > confirmMs) {
      this.confirm(topic).catch(() => {
        // Whoever needs the answer asks again and is told.
      });
    }
    return known;
  }

  /** Asks for the topic's present life; calls at once share one question, and go on in their order. */
  confirm(topic: string): Promise<KnownLife> {
    const asking = this.#asking.get(topic) ?? this.#ask(topic);
    this.#asking.set(topic, asking);
    return asking;
  }

  /** The topic's life and bounds, from the stream's leader. Throws `not_found`. */
  async inspect(topic: string): Promise<Inspected> {
    const info = await this.#info(topic);
    if (info === undefined) throw topicNotFound(topic);
    return { life: this.#learn(topic, info), bounds: infoFromStream(topic, info).bounds };
  }

  async describe(topic: string): Promise<TopicInfo | undefined> {
    const info = await this.#info(topic);
    return info === undefined ? undefined : infoFromStream(topic, info);
  }

  async list(): Promise<readonly TopicInfo[]> {
    try {
      await this.#connection.ready();
      const infos: TopicInfo[] = [];
      for await (const info of this.#manager.streams.list()) {
        const topic = topicFromStream(info.config.name);
        if (topic !== undefined) infos.push(infoFromStream(topic, info));
      }
      return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw failureFromJetstream("*", error);
    }
  }

  async create(topic: string, settings: TopicSettings): Promise<TopicInfo> {
    const name = parseName(topic, "topic");
    const standing = await this.describe(name);
    if (standing === undefined) {
      try {
        const info = await this.#add(name, settings);
        this.#learn(name, info);
        return infoFromStream(name, info);
      } catch (error) {
        if (!isStreamTaken(error)) throw failureFromJetstream(name, error);
      }
    }
    // It stands, or another node was faster.
    const info = standing ?? (await this.describe(name));
    if (info === undefined || !sameSettings(info.settings, keptSettings(settings))) {
      throw topicConflict(name);
    }
    return info;
  }

  async remove(topic: string): Promise<void> {
    try {
      await this.#connection.ready();
      await this.#manager.streams.delete(streamFromTopic(topic));
    } catch (error) {
      throw failureFromJetstream(topic, error);
    }
    this.#removed(streamFromTopic(topic));
    // An epoch is the millisecond of making: the next life must not begin in this one's.
    await sleep(this.#connection.clock, 2);
  }

  /** Calls back with each topic that is removed, by whomever; the answer ends that. */
  onRemoved(callback: (topic: string) => void): () => void {
    this.#onRemoved.add(callback);
    return () => this.#onRemoved.delete(callback);
  }

  async #ask(topic: string): Promise<KnownLife> {
    try {
      await this.inspect(topic);
      const known = this.#known.get(topic);
      if (known === undefined) throw topicNotFound(topic);
      return known;
    } finally {
      this.#asking.delete(topic);
    }
  }

  async #add(name: string, settings: TopicSettings): Promise<StreamInfo> {
    try {
      const config = configFromSettings(name, settings, this.#replicas, true);
      return await asked(this.#connection, () => this.#manager.streams.add(config));
    } catch (error) {
      if (settings.retentionBytes === 0 || !isReservationRefused(error)) throw error;
      const config = configFromSettings(name, settings, this.#replicas, false);
      return await asked(this.#connection, () => this.#manager.streams.add(config));
    }
  }

  async #info(topic: string): Promise<StreamInfo | undefined> {
    try {
      await this.#connection.ready();
      const stream = streamFromTopic(topic);
      return await asked(this.#connection, () => this.#manager.streams.info(stream));
    } catch (error) {
      if (!isStreamNotFound(error)) throw failureFromJetstream(topic, error);
      this.#known.delete(topic);
      return undefined;
    }
  }

  #learn(topic: string, info: StreamInfo): TopicIncarnation {
    const life = lifeFromStream(topic, info);
    const excess = excessOf(info);
    if (excess !== undefined) this.#drop(life, excess);
    const known = this.#known.get(topic);
    const lastSequence = known?.life.epoch === life.epoch ? known.lastSequence : 0;
    this.#known.set(topic, { life, confirmedMs: this.#connection.clock.nowMs(), lastSequence });
    return life;
  }

  #drop(life: TopicIncarnation, upTo: number): void {
    this.#manager.streams.purge(life.stream, { seq: upTo + 1 }).catch(() => {
      // Another node did, or the next look finds it again.
    });
  }

  #removed(stream: string): void {
    const topic = topicFromStream(stream);
    if (topic === undefined) return;
    this.#known.delete(topic);
    for (const callback of [...this.#onRemoved]) callback(topic);
  }
}
