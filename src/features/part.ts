/** What the gateway hands a feature, and what a feature hands the gateway: all features share this. */

import type { ConnectRouter } from "@connectrpc/connect";
import type { Hono } from "hono";
import type { Guard } from "../core/access/guard.ts";
import type { Share } from "../core/budget/memory.ts";
import type { Quota } from "../core/budget/quota.ts";
import type { Counters } from "../core/metrics/counters.ts";
import type { Metric } from "../core/metrics/metric.ts";
import type { TopicUse } from "../core/metrics/topic-figures.ts";
import type { Ownership, ProjectionTarget } from "../core/projection.ts";
import type { TopicSettings } from "../core/topic.ts";
import type { Tracing } from "../core/trace/trace.ts";
import type { HttpDeps } from "../http/deps.ts";
import type { Endpoint } from "../http/endpoint/endpoint.ts";
import type { HotRoute } from "../http/hot.ts";
import type { SocketTarget } from "../http/live/target.ts";
import type { Collector } from "../ingest/collector.ts";
import type { InternalTopicRule, TopicRules } from "../ingest/topic-rules.ts";
import type { Topics } from "../ingest/topics.ts";
import type { DatabaseClock } from "../postgres/database-clock.ts";
import type { Database } from "../postgres/database.ts";
import type { GatherLimits } from "../projection/gather.ts";
import type { MethodAccess } from "../rpc/access.ts";
import type { StreamHandler } from "../rpc/server.ts";
import type { ThinMethods } from "../rpc/thin/call.ts";

/** What exists before records can be taken. */
export interface Foundation extends Pick<
  HttpDeps,
  "clock" | "logger" | "log" | "turns" | "memory" | "bodies"
> {
  /** What is received and not complete, over all protocols. */
  readonly receiving: Share;
  readonly database: Database;
  /** Connections for queries of series, so that these keep no projection waiting. */
  readonly reads: Database;
  readonly ownership: Ownership;
  /** The time by which data is dropped. */
  readonly databaseClock: DatabaseClock;
  /** Settings of a topic whose creator leaves them out. */
  readonly newTopics: TopicSettings;
  /** This process among all nodes. */
  readonly node: string;
  /** Spans of traced records; undefined: none are made. */
  readonly tracing: Tracing | undefined;
  /** What this node counts for `/metrics` where it happens. */
  readonly counters: Counters;
}

/** The engine: what every feature is built on. */
export interface Platform extends Foundation, HttpDeps {
  /** From the credentials of a request to its caller. */
  readonly guard: Guard;
  readonly collector: Collector;
  /** What may be written where. */
  readonly rules: TopicRules;
  /** Topics as they are created, changed and removed. */
  readonly topics: Topics;
  readonly topicQuota: Quota;
  /**
   * Declares an internal topic and creates it, so that it can be followed before its first record; one
   * that exists gets the retention of `settings`. Its rule counts in every protocol. Call this before opening a
   * writer on the topic, because the writer keeps the contract.
   */
  internalTopic(topic: string, settings: TopicSettings, rule: InternalTopicRule): Promise<void>;
}

export interface ProjectionSpec {
  readonly target: ProjectionTarget;
  readonly limits?: Partial<GatherLimits>;
  /** True while rows should wait because producers must not. */
  readonly shouldYield?: () => boolean;
}

/** Something that is wrong now. */
export interface PartProblem {
  readonly kind: "rule_stopped" | "rule_behind";
  readonly about: { readonly kind: "rule"; readonly name: string };
  /** A sentence for people. */
  readonly message: string;
  /** The topic that the message says something about. */
  readonly topic?: string;
}

/** How far something of a part is behind a topic that it reads. */
export interface PartLag {
  readonly name: string;
  readonly topic: string;
  readonly lagMs: number;
  /** Token of what it has committed. */
  readonly position: string | undefined;
}

export interface Part {
  readonly name: string;
  /** Mounts its HTTP routes. */
  http?(app: Hono): void;
  /** Addresses that are called once a record, and are served before the router. */
  readonly hot?: readonly HotRoute[];
  /** What sockets can watch of it. */
  readonly socketTargets?: readonly SocketTarget[];
  /** Its routes, as the OpenAPI document describes them. */
  readonly endpoints?: readonly Endpoint[];
  /** Registers its services: every RPC protocol, codec and compression. */
  rpc?(router: ConnectRouter): void;
  /** What each method of its services needs of a caller; one that is not here is served to nobody. */
  readonly rpcAccess?: MethodAccess;
  /** Methods that gRPC, and Connect where they are unary, serve without connect-es. */
  readonly thin?: ThinMethods;
  /** Serves a gRPC stream without connect-es, or returns false before it has touched it. */
  readonly stream?: StreamHandler;
  readonly projections?: readonly ProjectionSpec[];
  /** Its tables that grow with use: `/status` shows about how many rows they have. */
  readonly tables?: readonly string[];
  /** Names of what this node alone works on at present, for the list of nodes. */
  owns?(): readonly string[];
  /** How far its rules are behind their topics, of those that this node works on. */
  lags?(): readonly PartLag[];
  /** What is wrong now in this part, of the things that this node works on. */
  problems?(): readonly PartProblem[];
  /** Topics that its rules or relations name. */
  topicUses?(): Promise<readonly TopicUse[]>;
  /** Its members of `/status`. */
  status?(): Readonly<Record<string, unknown>>;
  /** Its families of `/metrics`. */
  readonly metrics?: readonly Metric[];
  /** Ends what it runs; the engine is still there. */
  close?(): Promise<void>;
}
