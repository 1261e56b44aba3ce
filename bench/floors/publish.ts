// The floor that `sluice bench collect --unary` and `collectEvent` are compared with: the same
// services on the same kind of log, behind connect-es' own adapter and nothing else, as a gateway without a thin path
// would serve it. Only the way of a call from the socket to the collector and back differs.
//
//   bun bench/floors/publish.ts     prints "floor ready http://127.0.0.1:<port>"; it reads a gateway's
//                                  settings

import { createServer } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { openCaller } from "../../src/core/access/caller.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { silent as logger } from "../../src/core/logger.ts";
import type { RecordChecks } from "../../src/core/schemas.ts";
import { lifecycleTopic } from "../../src/features/lifecycle/event.ts";
import { EventIntake } from "../../src/features/lifecycle/intake.ts";
import { mountMars } from "../../src/features/lifecycle/rpc/mars.ts";
import { mountCollector } from "../../src/features/topics/rpc/collector.ts";
import { parseConfig } from "../../src/gateway/config.ts";
import { Collector } from "../../src/ingest/collector.ts";
import { InFlight } from "../../src/ingest/in-flight.ts";
import { SchemaGate } from "../../src/ingest/schema-gate.ts";
import { Author, TopicRules } from "../../src/ingest/topic-rules.ts";
import { Writer } from "../../src/ingest/writer.ts";
import { createJetstreamLog } from "../../src/log/jetstream/jetstream-log.ts";
import { PostgresLog } from "../../src/log/postgres/postgres-log.ts";
import { startEmbedded } from "../../src/postgres/embedded/embedded.ts";
import { migrate } from "../../src/postgres/migrate.ts";
import { callerValues } from "../../src/rpc/access.ts";

const config = parseConfig(process.env);
const stops: (() => Promise<void>)[] = [];
const log =
  config.natsUrl === undefined
    ? new PostgresLog({ url: await databaseUrl(), clock, logger })
    : await createJetstreamLog({ url: config.natsUrl, clock, logger });
stops.unshift(() => log.close());
// A topic that is created by its first record has no schema rule, so nothing is checked.
const schemas: RecordChecks = { check: (_rule, records) => records.map(() => undefined) };
const collector = new Collector({
  turns: new Turns(),
  log,
  clock,
  gate: new SchemaGate({ log, schemas }),
  limits: config.ingest,
  rules: new TopicRules(),
  inFlight: new InFlight(config.ingest.inFlightBytesMax),
  newTopics: config.newTopics,
});

await log.create(lifecycleTopic, { ...config.newTopics, layout: "frames" });
const events = new EventIntake({
  writer: new Writer(collector, lifecycleTopic, new Author("lifecycle")),
  append: (_, records, options) => log.append(lifecycleTopic, records, options),
  clock,
  recordBytesMax: config.ingest.recordBytesMax,
});

const adapter = connectNodeAdapter({
  routes: (router) => {
    mountCollector(router, collector);
    mountMars(router, events);
  },
  readMaxBytes: config.bodyBytesMax,
  contextValues: () => callerValues(openCaller),
});
const server = createServer(
  // As on Sluice's own listener.
  { maxSessionMemory: 64, settings: { initialWindowSize: 256 * 1024, maxConcurrentStreams: 1000 } },
  adapter,
);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`floor ready http://127.0.0.1:${port}\n`);
});

process.once("SIGTERM", () => void stop());

async function stop(): Promise<void> {
  for (const each of stops) await each();
  process.exit(0);
}

async function databaseUrl(): Promise<string> {
  const { dataDir } = config;
  const embedded = await startEmbedded({ dataDir, log: logger });
  stops.unshift(() => embedded.stop());
  await migrate({ url: embedded.url });
  return embedded.url;
}
