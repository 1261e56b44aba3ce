/** The composition: one gateway as a list of parts, and how it starts and stops. */

import { openGuard } from "../core/access/guard.ts";
import { sleep } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { openAckRules } from "../features/ack-rules/part.ts";
import { openEmitters } from "../features/emitters/part.ts";
import { openLifecycle } from "../features/lifecycle/part.ts";
import { openMeasurements } from "../features/measurements/part.ts";
import { openOperation } from "../features/operation/part.ts";
import type { Part, Platform } from "../features/part.ts";
import { openRegistry } from "../features/registry/part.ts";
import { openRelations } from "../features/relations/part.ts";
import { openTopics } from "../features/topics/part.ts";
import { openTryout } from "../features/tryout/part.ts";
import { underBasePath } from "../http/base-path.ts";
import { createEntry } from "../http/entry.ts";
import { createRowEstimates } from "../postgres/row-estimates.ts";
import type { Runtime, Server } from "../runtime/runtime.ts";
import { openAccess } from "./access.ts";
import { createHostCheck } from "./authority.ts";
import type { Config } from "./config.ts";
import { createGatewayHealth, type GatewayHealth } from "./health.ts";
import { createHttpFetch } from "./http.ts";
import { listenBoth } from "./listen.ts";
import { openApiDocument } from "./openapi/document.ts";
import { openEngine, openFoundation } from "./platform.ts";
import { Projections } from "./projections.ts";
import { createRpc } from "./rpc.ts";

export interface Gateway {
  readonly url: string;
  readonly grpcUrl: string;
  /**
   * Stops accepting, finishes what is in flight, flushes, commits, closes streams. Where a balancer
   * queries readiness, it goes on for a grace period first, and is not ready.
   */
  drain(): Promise<void>;
}

/** Starts everything. Where a later part fails to open, the earlier ones are stopped again. */
export async function startGateway(
  runtime: Runtime,
  config: Config,
  logger: Logger,
): Promise<Gateway> {
  await using stack = new AsyncDisposableStack();
  const server = runtime.createServer();
  const { platform, parts, health } = await openParts({ runtime, server, config, logger }, stack);
  const checkHost = createHostCheck(config.hosts, logger);
  const guard = openGuard;
  const rpc = createRpc(parts, { ...platform, ...config, ...health, checkHost, guard });
  const routed = createHttpFetch(parts, { ...platform, rpc: rpc.http });
  const fetch = createEntry(underBasePath(routed, config.basePath), {
    ...config,
    checkHost,
    logger,
  });
  const { clock } = platform;
  const openFiles = () => runtime.openFiles();
  const listeners = { config, server, fetch, rpc: rpc.server, clock, logger, openFiles };
  const { connections, ...urls } = await listenBoth(listeners, stack);
  health.listening(urls.grpcUrl, connections);

  const opened = stack.move();
  return {
    ...urls,
    async drain() {
      const graceMs = health.drain() ? config.drainGraceMs : 0;
      logger("info", "draining", { grace_ms: graceMs });
      await sleep(platform.clock, graceMs);
      // Everything closes in the reverse order of opening, with one exception: the hub goes before
      // the listeners, so that every stream is sent its last position.
      platform.hub.close();
      await opened.disposeAsync();
    },
  };
}

export interface GatewayParts {
  readonly platform: Platform;
  readonly parts: readonly Part[];
  readonly health: GatewayHealth;
}

interface Opening {
  readonly runtime: Runtime;
  readonly server: Pick<Server, "host">;
  readonly config: Config;
  readonly logger: Logger;
}

/** The engine and all features on it, without listeners. What it opens, the stack closes. */
export async function openParts(
  { runtime, server, config, logger }: Opening,
  stack: AsyncDisposableStack,
): Promise<GatewayParts> {
  const foundation = await openFoundation({ runtime, config, logger }, stack);
  const access = closing(stack, await openAccess(foundation, config.access));
  const registry = closing(stack, openRegistry(foundation, config.registry));
  const { schemas } = registry;
  const platform = openEngine(foundation, { config, host: server.host, schemas, ...access }, stack);
  // Opened before the parts, so closed after them: what a part appends last is still read.
  const projections = stack.use(new Projections(foundation));

  const emitters = closing(stack, await openEmitters(platform, config));
  const topics = openTopics(platform, { schemas, emitters: emitters.emitters });
  const relations = await openRelations(platform, { file: config.relationsFile });
  const lifecycle = await openLifecycle(platform, { retentionMs: config.lifecyclesKeptMs });
  closing(stack, lifecycle);
  const measurements = await openMeasurements(platform, {
    retentionMs: config.seriesRetentionMs,
    queriesMax: config.seriesQueriesMax,
    tagsMax: config.bounds.tagsMax,
  });
  closing(stack, measurements);
  const ackRules = closing(
    stack,
    openAckRules(platform, { schemas, rulesMax: config.bounds.ackRulesMax }),
  );
  const { log, ping, database, clock } = foundation;
  const rows = createRowEstimates(database, () => grownTables(parts), clock);
  const health = createGatewayHealth(
    { ...platform, log, runtime, projections, rows, ping },
    () => parts,
  );
  const parts: readonly Part[] = [
    access,
    emitters,
    topics,
    relations,
    lifecycle,
    ackRules,
    measurements,
    registry,
    openTryout(platform),
    openOperation(platform, { health, document: (version) => openApiDocument(version, parts) }),
  ];
  projections.start(parts);
  return { platform, parts, health };
}

/** The log's tables are empty where it is not in PostgreSQL. */
function grownTables(parts: readonly Part[]): readonly string[] {
  return ["log_entries", "log_producers", ...parts.flatMap(({ tables = [] }) => tables)];
}

function closing<P extends Part>(stack: AsyncDisposableStack, part: P): P {
  stack.defer(async () => await part.close?.());
  return part;
}
