/**
 * The RPC listener with the services of topics over a log in memory, behind a guard whose callers the
 * test decides.
 */

import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { Caller } from "../../src/core/access/caller.ts";
import { Grants, parseGrants } from "../../src/core/access/grant.ts";
import type { Credentials, Guard } from "../../src/core/access/guard.ts";
import { MemoryAccount } from "../../src/core/budget/memory.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { defaultTopicSettings } from "../../src/core/topic.ts";
import { collectorAccess, mountCollector } from "../../src/features/topics/rpc/collector.ts";
import { consumerAccess, mountConsumer } from "../../src/features/topics/rpc/consumer.ts";
import { createSubscribeStream } from "../../src/features/topics/rpc/subscribe-stream.ts";
import { thinCollectorMethods } from "../../src/features/topics/rpc/thin-methods.ts";
import { Hub } from "../../src/hub/hub.ts";
import { defaultHubOptions } from "../../src/hub/options.ts";
import { Collector } from "../../src/ingest/collector.ts";
import { InFlight } from "../../src/ingest/in-flight.ts";
import { defaultIngestLimits } from "../../src/ingest/limits.ts";
import { SchemaGate } from "../../src/ingest/schema-gate.ts";
import { TopicRules } from "../../src/ingest/topic-rules.ts";
import { createMemoryLog } from "../../src/log/memory/memory-log.ts";
import { defaultPageOptions, Pages } from "../../src/log/pages.ts";
import { createRpcHandlers } from "../../src/rpc/handlers.ts";
import { mountHealth } from "../../src/rpc/health.ts";
import { createRpcServer } from "../../src/rpc/server.ts";
import { createThinGrpc } from "../../src/rpc/thin/grpc.ts";

/** As the gateway's own guard, with callers that a test adds, delays and ends. */
export class TestGuard implements Guard {
  readonly isClosed = true;
  readonly tellsApart = true;
  readonly #callers = new Map<string, Caller>();
  readonly #anonymous = new Caller({
    kind: "anonymous",
    id: "anonymous",
    name: "anonymous",
    grants: Grants.none,
  });
  /** While there is one, nobody is known at once. */
  delay: Promise<void> | undefined;

  add(key: string, grants: string): Caller {
    const caller = new Caller({
      kind: "key",
      id: `key:${key}`,
      name: key,
      grants: new Grants(parseGrants(grants)),
    });
    this.#callers.set(`Bearer ${key}`, caller);
    return caller;
  }

  caller({ authorization }: Credentials): Caller | Promise<Caller> {
    if (authorization === undefined) return this.#anonymous;
    const known = () => {
      const caller = this.#callers.get(authorization);
      if (caller !== undefined) return caller;
      throw new Failure("unauthenticated", "Cannot use the credential: it is not known");
    };
    return this.delay === undefined ? known() : this.delay.then(known);
  }
}

export async function rpcAccessRig(guard: TestGuard, topics: readonly string[]) {
  const log = createMemoryLog({ clock });
  for (const topic of topics) await log.create(topic, defaultTopicSettings);
  const turns = new Turns();
  const account = new MemoryAccount(2 ** 28);
  const windows = account.share("windows", 1 / 4);
  const receiving = account.share("receiving", 1 / 4);
  const logger = () => {};
  const hub = new Hub({ log, clock, logger, options: defaultHubOptions, windows, turns });
  const rules = new TopicRules();
  const inFlight = new InFlight(defaultIngestLimits.inFlightBytesMax);
  const collector = new Collector({
    turns,
    log,
    clock,
    gate: new SchemaGate({ log, schemas: { check: (_, all) => all.map(() => undefined) } }),
    limits: defaultIngestLimits,
    rules,
    inFlight,
    newTopics: undefined,
  });
  const pages = new Pages({ log, clock, turns, options: defaultPageOptions });
  const consumer = { hub, log, pages, rules, logger };
  const messageBytesMax = 1 << 20;
  // Health is mounted and declares nothing.
  const access = new Map([...collectorAccess, ...consumerAccess]);
  const handlers = createRpcHandlers(
    (router) => {
      mountCollector(router, collector);
      mountConsumer(router, consumer);
      mountHealth(router, { notReady: () => Promise.resolve(undefined), services: () => [] });
    },
    {
      logger,
      access,
      messageBytesMax,
      fieldsMax: 100_000,
      receiving,
      turns,
      stopping: new AbortController().signal,
    },
  );
  const thin = createThinGrpc({
    methods: thinCollectorMethods(collector),
    inFlight,
    messageBytesMax,
    rateMin: 1,
    turns,
    receiving,
    readBody: async (request) => new Uint8Array(await request.arrayBuffer()),
    logger,
  });
  const subscribe = createSubscribeStream(consumer, 30_000);
  const server = createRpcServer(handlers, {
    guard,
    access,
    first: (stream, headers, caller) =>
      thin(stream, headers, caller) || subscribe(stream, headers, caller),
  });
  const baseUrl = `http://127.0.0.1:${await server.listen("127.0.0.1", 0)}`;
  return {
    log,
    baseUrl,
    async [Symbol.asyncDispose]() {
      hub.close();
      await server.stop(0);
      await log.close();
    },
  };
}

/** The thin path serves the first, connect-es the others. */
export const protocols: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  "gRPC with JSON": (baseUrl) => createGrpcTransport({ baseUrl, useBinaryFormat: false }),
  "gRPC-Web": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
  Connect: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
};
