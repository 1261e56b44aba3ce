/**
 * Topics as streams: creates, describes and removes them, and knows each one's present incarnation.
 *
 * JetStream reserves a stream's `max_bytes` when it creates the stream, so a few empty topics of the
 * default size would fill a laptop's store. Where the reservation is refused, the stream is created
 * without it, and the gateway drops the oldest entries itself whenever it reads the stream's state, and
 * whenever the account is full. In an account with a bound it then keeps an eighth of it for each topic.
 */

import { type JetStreamManager, jetstreamManager, type StreamInfo } from "@nats-io/jetstream";
import { sleep } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Bounds, TopicInfo, TopicPage } from "../../core/log.ts";
import {
  differingSettings,
  parseName,
  type TopicChange,
  type TopicSettings,
} from "../../core/topic.ts";
import { topicConflict, topicNotFound } from "../answers.ts";
import type { Connection } from "./connection.ts";
import {
  failureFromJetstream,
  isReservationRefused,
  isStreamNotFound,
  isStreamTaken,
} from "./failures.ts";
import { unavailable } from "./requests.ts";
import { attemptMsMax, withRetry } from "./retry.ts";
import {
  configFromSettings,
  excessOf,
  incarnationFromStream,
  infoFromStream,
  keptSettings,
  type TopicIncarnation,
} from "./stream.ts";
import { streamFromTopic, topicFromStream } from "./subject.ts";

/** An incarnation is confirmed in the background once it was not for this long. */
const confirmMs = 10_000;
/** A full account refuses every append; cutting its topics reads the state of each. */
const cutEveryMs = 1_000;
/** Time for the servers of a cluster to agree on a stream that another node creates. */
const agreedMsMax = 10_000;
const agreedEveryMs = 50;
/** Part of an account's storage for each topic whose size is not reserved. */
const topicShare = 1 / 8;
const deletedAdvisory = "$JS.EVENT.ADVISORY.STREAM.DELETED.";

/** What this node knows of a topic's incarnation. */
export interface KnownIncarnation {
  readonly incarnation: TopicIncarnation;
  readonly confirmedMs: number;
  /** The highest sequence of it that this node has seen. */
  lastSequence: number;
}

export interface Inspected {
  readonly incarnation: TopicIncarnation;
  readonly bounds: Bounds;
}

export class Topics {
  readonly #connection: Connection;
  readonly #manager: JetStreamManager;
  readonly #replicas: number;
  #cutMs = Number.NEGATIVE_INFINITY;
  readonly #known = new Map<string, KnownIncarnation>();
  readonly #fetching = new Map<string, Promise<KnownIncarnation>>();
  readonly #onRemoved = new Set<(topic: string) => void>();

  private constructor(connection: Connection, manager: JetStreamManager, replicas: number) {
    this.#connection = connection;
    this.#manager = manager;
    this.#replicas = replicas;
    // Advisories that were sent meanwhile are lost.
    connection.onLost(() => this.#known.clear());
    connection.nc.subscribe(`${deletedAdvisory}*`, {
      callback: (error, message) => {
        // Without permission to subscribe, sequences and `confirmMs` show that an incarnation ended.
        if (!error) this.#removed(message.subject.slice(deletedAdvisory.length));
      },
    });
  }

  static async open(connection: Connection, replicas: number): Promise<Topics> {
    const manager = await jetstreamManager(connection.nc, {
      checkAPI: false,
      timeout: attemptMsMax,
    });
    return new Topics(connection, manager, replicas);
  }

  get manager(): JetStreamManager {
    return this.#manager;
  }

  /** The topic's incarnation as this node knows it, else from the server. Throws `not_found`. */
  incarnation(topic: string): KnownIncarnation | Promise<KnownIncarnation> {
    const known = this.#known.get(topic);
    if (known === undefined) return this.confirm(topic);
    if (this.#connection.clock.nowMs() - known.confirmedMs > confirmMs) {
      this.confirm(topic).catch(() => {
        // The next caller that needs the answer fetches it and gets the failure.
      });
    }
    return known;
  }

  /** Fetches the topic's present incarnation; concurrent calls share one request, and continue in their order. */
  confirm(topic: string): Promise<KnownIncarnation> {
    const fetching = this.#fetching.get(topic) ?? this.#fetch(topic);
    this.#fetching.set(topic, fetching);
    return fetching;
  }

  /** The topic's incarnation and bounds, from the stream's leader. Throws `not_found`. */
  async inspect(topic: string): Promise<Inspected> {
    const info = await this.#info(topic);
    if (info === undefined) throw topicNotFound(topic);
    return { incarnation: this.#learn(topic, info), bounds: infoFromStream(topic, info).bounds };
  }

  async describe(topic: string): Promise<TopicInfo | undefined> {
    const info = await this.#info(topic);
    return info === undefined ? undefined : infoFromStream(topic, info);
  }

  async list({ after = "", limit }: TopicPage = {}): Promise<readonly TopicInfo[]> {
    if (limit === undefined) return (await this.#all()).filter(({ name }) => name > after);
    const names = (await this.#names()).sort().filter((name) => name > after);
    const infos = await Promise.all(names.slice(0, limit).map((name) => this.describe(name)));
    // One that was removed meanwhile is left out.
    return infos.filter((info) => info !== undefined);
  }

  async count(): Promise<number> {
    return (await this.#names()).length;
  }

  /** Other streams of the account are not topics. */
  async #names(): Promise<string[]> {
    try {
      await this.#connection.ready();
      const names: string[] = [];
      for await (const stream of this.#manager.streams.names()) {
        const topic = topicFromStream(stream);
        if (topic !== undefined) names.push(topic);
      }
      return names;
    } catch (error) {
      throw failureFromJetstream("*", error);
    }
  }

  async #all(): Promise<readonly TopicInfo[]> {
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

  /** Call this when the account is full: the topics that are past their bounds are cut, by any node. */
  full(): void {
    const nowMs = this.#connection.clock.nowMs();
    if (nowMs - this.#cutMs < cutEveryMs) return;
    this.#cutMs = nowMs;
    this.#dropAllExcess().catch(() => {
      // The next append that fails tries again.
    });
  }

  /** The account's JetStream answers. */
  async ping(): Promise<void> {
    try {
      await this.#connection.ready();
      await this.#manager.getAccountInfo();
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw unavailable("JetStream does not answer", error);
    }
  }

  async create(topic: string, settings: TopicSettings): Promise<TopicInfo> {
    const name = parseName(topic, "topic");
    const existing = await this.describe(name);
    if (existing === undefined) {
      try {
        const info = await this.#reserving(name, settings, (config) =>
          this.#manager.streams.add(config),
        );
        this.#learn(name, info);
        return infoFromStream(name, info);
      } catch (error) {
        if (!isStreamTaken(error)) throw failureFromJetstream(name, error);
      }
    }
    // It existed already, or another node was faster.
    const info = existing ?? (await this.#describeTaken(name));
    const kept = keptSettings(settings);
    if (differingSettings(info.settings, kept).length > 0) {
      throw topicConflict(name, info.settings, kept);
    }
    return info;
  }

  /** A cluster takes the name at once, and finds the stream only once its servers have agreed on it. */
  async #describeTaken(topic: string): Promise<TopicInfo> {
    const { clock } = this.#connection;
    const endMs = clock.nowMs() + agreedMsMax;
    for (;;) {
      const info = await this.describe(topic);
      if (info !== undefined) return info;
      if (clock.nowMs() >= endMs) throw topicNotFound(topic);
      await sleep(clock, agreedEveryMs);
    }
  }

  async change(topic: string, change: TopicChange): Promise<TopicInfo> {
    const existing = await this.#info(topic);
    if (existing === undefined) throw topicNotFound(topic);
    const changed = { ...infoFromStream(topic, existing).settings, ...change };
    try {
      const info = await this.#reserving(topic, changed, (config) =>
        this.#manager.streams.update(config.name, {
          ...config,
          num_replicas: existing.config.num_replicas,
        }),
      );
      this.#learn(topic, info);
      return infoFromStream(topic, info);
    } catch (error) {
      throw failureFromJetstream(topic, error);
    }
  }

  async remove(topic: string): Promise<void> {
    try {
      await this.#connection.ready();
      await this.#manager.streams.delete(streamFromTopic(topic));
    } catch (error) {
      throw failureFromJetstream(topic, error);
    }
    this.#removed(streamFromTopic(topic));
    // An epoch is the millisecond of creation: the next incarnation must not begin in the same one.
    await sleep(this.#connection.clock, 2);
  }

  /** Calls back with each topic that any client removes; the returned function ends that. */
  onRemoved(callback: (topic: string) => void): () => void {
    this.#onRemoved.add(callback);
    return () => this.#onRemoved.delete(callback);
  }

  async #fetch(topic: string): Promise<KnownIncarnation> {
    try {
      await this.inspect(topic);
      const known = this.#known.get(topic);
      if (known === undefined) throw topicNotFound(topic);
      return known;
    } finally {
      this.#fetching.delete(topic);
    }
  }

  /** Reserves the topic's size where the server lets it. */
  async #reserving(
    name: string,
    settings: TopicSettings,
    apply: (config: ReturnType<typeof configFromSettings>) => Promise<StreamInfo>,
  ): Promise<StreamInfo> {
    try {
      const config = configFromSettings(name, settings, this.#replicas);
      return await withRetry(this.#connection, () => apply(config));
    } catch (error) {
      if (settings.retentionBytes === 0 || !isReservationRefused(error)) throw error;
      const share = await this.#shareOf(settings.retentionBytes);
      const config = configFromSettings(name, settings, this.#replicas, share);
      return await withRetry(this.#connection, () => apply(config));
    }
  }

  async #info(topic: string): Promise<StreamInfo | undefined> {
    try {
      await this.#connection.ready();
      const stream = streamFromTopic(topic);
      return await withRetry(this.#connection, () => this.#manager.streams.info(stream));
    } catch (error) {
      if (!isStreamNotFound(error)) throw failureFromJetstream(topic, error);
      this.#known.delete(topic);
      return undefined;
    }
  }

  #learn(topic: string, info: StreamInfo): TopicIncarnation {
    const incarnation = incarnationFromStream(topic, info);
    const excess = excessOf(info);
    if (excess !== undefined) this.#drop(incarnation, excess);
    const known = this.#known.get(topic);
    const lastSequence = known?.incarnation.epoch === incarnation.epoch ? known.lastSequence : 0;
    this.#known.set(topic, {
      incarnation,
      confirmedMs: this.#connection.clock.nowMs(),
      lastSequence,
    });
    return incarnation;
  }

  /** Of an account with a bound, so that a topic whose size is not reserved leaves room for others. */
  async #shareOf(bytes: number): Promise<number> {
    const { limits } = await withRetry(this.#connection, () => this.#manager.getAccountInfo());
    const bound = limits.max_storage / this.#replicas;
    return bound > 0 ? Math.min(bytes, Math.floor(bound * topicShare)) : bytes;
  }

  async #dropAllExcess(): Promise<void> {
    for await (const info of this.#manager.streams.list()) {
      const topic = topicFromStream(info.config.name);
      if (topic !== undefined) this.#learn(topic, info);
    }
  }

  #drop(incarnation: TopicIncarnation, upTo: number): void {
    this.#manager.streams.purge(incarnation.stream, { seq: upTo + 1 }).catch(() => {
      // Another node dropped it, or the next reading of the state finds it again.
    });
  }

  #removed(stream: string): void {
    const topic = topicFromStream(stream);
    if (topic === undefined) return;
    this.#known.delete(topic);
    for (const callback of [...this.#onRemoved]) callback(topic);
  }
}
