/** A topic's settings as a stream's configuration, and a stream's state as a topic's bounds. */

import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { TopicInfo } from "../../core/log.ts";
import { type Layout, schemaRules, type TopicSettings } from "../../core/topic.ts";
import { streamFromTopic, subjectFromTopic } from "./subject.ts";

/** Names in a stream's metadata. */
const topicField = "sluice.topic";
const layoutField = "sluice.layout";
/** Absent where the rule is `none`. */
const schemaField = "sluice.schema";
/** The topic's `retentionBytes` where the stream has no `max_bytes`: see `Topics`. */
const bytesField = "sluice.retention_bytes";

/** What the gateway keeps of a topic where that is less than `retentionBytes`: its share of the account. */
const shareField = "sluice.share_bytes";

const nsPerMs = 1_000_000;
/** JetStream's minimum. */
const retentionMsMin = 100;
const dedupWindowMs = 2 * 60 * 1000;

/** One incarnation of a topic: from the creation of its stream to its removal. */
export interface TopicIncarnation {
  readonly topic: string;
  readonly stream: string;
  /** The subject of records without a key. */
  readonly root: string;
  /**
   * Time of the stream's creation, in milliseconds. It is the NATS servers' time: gateways with
   * differing clocks agree on it.
   */
  readonly epoch: number;
  readonly layout: Layout;
  readonly replicas: number;
  readonly isDirect: boolean;
}

export function configFromSettings(
  topic: string,
  settings: TopicSettings,
  replicas: number,
  /** Undefined where the server reserves the topic's size; else what the gateway keeps of it at most. */
  shareBytes?: number,
): Partial<StreamConfig> & { name: string } {
  const { layout, retentionMs, retentionBytes, schema } = keptSettings(settings);
  const isReserved = shareBytes === undefined;
  const windowMs = retentionMs === 0 ? dedupWindowMs : Math.min(dedupWindowMs, retentionMs);
  return {
    name: streamFromTopic(topic),
    subjects: [subjectFromTopic(topic), `${subjectFromTopic(topic)}.*`],
    metadata: {
      [topicField]: topic,
      [layoutField]: layout,
      ...(schema === "none" ? {} : { [schemaField]: schema }),
      ...(isReserved ? {} : { [bytesField]: `${retentionBytes}`, [shareField]: `${shareBytes}` }),
    },
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: retentionMs * nsPerMs,
    max_bytes: retentionBytes === 0 || !isReserved ? -1 : retentionBytes,
    duplicate_window: windowMs * nsPerMs,
    num_replicas: replicas,
    allow_direct: true,
  };
}

/** The settings with JetStream's minimum applied. */
export function keptSettings(settings: TopicSettings): TopicSettings {
  const { retentionMs } = settings;
  return {
    layout: settings.layout,
    retentionMs: retentionMs === 0 ? 0 : Math.max(retentionMsMin, Math.round(retentionMs)),
    retentionBytes: Math.round(settings.retentionBytes),
    schema: settings.schema,
  };
}

export function incarnationFromStream(
  topic: string,
  { config, created }: StreamInfo,
): TopicIncarnation {
  return {
    topic,
    stream: config.name,
    root: subjectFromTopic(topic),
    epoch: Date.parse(created),
    layout: config.metadata?.[layoutField] === "frames" ? "frames" : "records",
    replicas: config.num_replicas,
    isDirect: config.allow_direct,
  };
}

export function infoFromStream(topic: string, info: StreamInfo): TopicInfo {
  const { config, state } = info;
  const { epoch, layout } = incarnationFromStream(topic, info);
  const start = Math.max(0, state.first_seq - 1);
  return {
    name: topic,
    settings: {
      layout,
      retentionMs: Math.round(config.max_age / nsPerMs),
      retentionBytes: config.max_bytes > 0 ? config.max_bytes : unreservedBytes(config),
      schema: schemaRules.find((rule) => rule === config.metadata?.[schemaField]) ?? "none",
    },
    bounds: {
      epoch,
      start: { epoch, sequence: start, index: 0 },
      end: { epoch, sequence: Math.max(start, state.last_seq), index: 0 },
    },
    bytes: state.bytes,
  };
}

/** Where the gateway bounds a topic's size: the last sequence to drop; undefined when it is in bounds. */
export function excessOf({ config, state }: StreamInfo): number | undefined {
  const asked = config.max_bytes > 0 ? 0 : unreservedBytes(config);
  const bytesMax = Math.min(asked, Number(config.metadata?.[shareField] ?? asked) || asked);
  if (bytesMax === 0 || state.bytes <= bytesMax) return undefined;
  // By the mean size; the next call finds what this misses. The newest entry always stays.
  const share = 1 - bytesMax / state.bytes;
  const excess = Math.ceil((state.last_seq - state.first_seq + 1) * share);
  return Math.min(state.first_seq + excess - 1, state.last_seq - 1);
}

function unreservedBytes(config: StreamConfig): number {
  return Number(config.metadata?.[bytesField] ?? 0) || 0;
}
