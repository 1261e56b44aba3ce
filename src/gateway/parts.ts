/** The composition: one gateway as a list of parts. */

import type { Logger } from "../core/logger.ts";
import { openAckRules } from "../features/ack-rules/part.ts";
import { openCopies } from "../features/copies/part.ts";
import { openDemo } from "../features/demo/part.ts";
import { openEmitters } from "../features/emitters/part.ts";
import { openLifecycle } from "../features/lifecycle/part.ts";
import { openMeasurements } from "../features/measurements/part.ts";
import { openNodes } from "../features/nodes/part.ts";
import { openOperation } from "../features/operation/part.ts";
import type { Part, Platform } from "../features/part.ts";
import { openRegistry } from "../features/registry/part.ts";
import { openRelations } from "../features/relations/part.ts";
import { openTelemetry, type TelemetryPart } from "../features/telemetry/part.ts";
import { openTopics } from "../features/topics/part.ts";
import { openTryout } from "../features/tryout/part.ts";
import { createRowEstimates } from "../postgres/row-estimates.ts";
import type { Runtime, Server } from "../runtime/runtime.ts";
import { openAccess } from "./access.ts";
import type { Config } from "./config.ts";
import { createGatewayHealth, type GatewayHealth } from "./health.ts";
import { engineMetrics } from "./metrics/engine.ts";
import { LoopDelay } from "./metrics/loop-delay.ts";
import { createNodeProbe } from "./nodes/probe.ts";
import { openApiDocument } from "./openapi/document.ts";
import { openEngine, openFoundation } from "./platform.ts";
import { overAllProcesses } from "./processes/over-all.ts";
import type { Siblings } from "./processes/siblings.ts";
import { Projections } from "./projections.ts";

export interface GatewayParts {
  readonly platform: Platform;
  readonly parts: readonly Part[];
  readonly health: GatewayHealth;
  readonly telemetry: TelemetryPart;
}

interface Opening {
  readonly runtime: Runtime;
  readonly server: Pick<Server, "host">;
  readonly config: Config;
  readonly logger: Logger;
  /** Where this is a process of several. */
  readonly siblings?: Siblings | undefined;
}

/** The engine and all features on it, without listeners. What it opens, the stack closes. */
export async function openParts(
  { runtime, server, config, logger, siblings }: Opening,
  stack: AsyncDisposableStack,
): Promise<GatewayParts> {
  const foundation = await openFoundation({ runtime, config, logger }, stack);
  const access = closing(stack, await openAccess({ ...foundation, host: server.host }, config));
  const registry = closing(stack, openRegistry(foundation, config.registry));
  const { schemas, uses, filters } = registry;
  const { host } = server;
  const platform = openEngine(foundation, { config, host, schemas, uses, ...access }, stack);
  // Opened before the parts, so closed after them: what a part appends last is still read.
  const projections = stack.use(new Projections(foundation));

  const emitters = closing(stack, await openEmitters(platform, config));
  const topics = openTopics(platform, {
    schemas,
    filters,
    emitters: emitters.emitters,
    figures: () => nodes.figures,
    uses: async () =>
      (await Promise.all(parts.map(async (part) => await part.topicUses?.()))).flatMap(
        (uses) => uses ?? [],
      ),
    targets: () => parts.flatMap(({ socketTargets = [] }) => socketTargets),
  });
  const relations = await openRelations(platform, { file: config.relationsFile });
  const lifecycle = await openLifecycle(platform, { retentionMs: config.lifecyclesKeptMs });
  closing(stack, lifecycle);
  const measurements = await openMeasurements(platform, {
    retentionMs: config.seriesRetentionMs,
    queriesMax: config.seriesQueriesMax,
    tagsMax: config.bounds.tagsMax,
    areTagsCounted: (config.access.limits?.createsPerHour ?? 0) > 0,
  });
  closing(stack, measurements);
  const ackRules = closing(
    stack,
    openAckRules(platform, {
      schemas,
      lifecycles: lifecycle.lifecycles,
      figures: () => nodes.figures,
      rulesMax: config.bounds.ackRulesMax,
      ...access,
    }),
  );
  const copies = closing(stack, openCopies(platform, { filters, ...access }));
  const demo = openDemo(platform, {
    isEnabled: config.demo,
    emittersAfter: (after) => emitters.emitters.idsAfter(after),
  });
  closing(stack, demo);
  const { log, ping, database, clock } = foundation;
  const rows = createRowEstimates(database, () => grownTables(parts), clock);
  const health = createGatewayHealth(
    { ...platform, log, runtime, projections, rows, ping },
    () => parts,
  );
  const { seconds: loopSeconds } = stack.use(new LoopDelay());
  const observed = { ...foundation, ...platform, runtime, projections, health, loopSeconds };
  const engine = engineMetrics({ ...observed, log });
  const probe = createNodeProbe({ ...observed, config, log }, () => parts);
  const nodes = closing(stack, openNodes(platform, { probe }));
  const overAll = overAllProcesses(siblings);
  const telemetry = openTelemetry({
    overAll: overAll.metrics,
    metrics: () => [...engine, ...parts.flatMap(({ metrics = [] }) => metrics)],
  });
  const parts: readonly Part[] = [
    access,
    emitters,
    topics,
    relations,
    lifecycle,
    ackRules,
    measurements,
    registry,
    copies,
    demo,
    nodes,
    openTryout(platform),
    telemetry,
    openOperation(platform, {
      health: overAll.health(health),
      document: (version) => openApiDocument(version, parts),
    }),
  ];
  projections.start(parts);
  nodes.start();
  return { platform, parts, health, telemetry };
}

/** The log's tables are empty where it is not in PostgreSQL. */
function grownTables(parts: readonly Part[]): readonly string[] {
  return ["log_entries", "log_producers", ...parts.flatMap(({ tables = [] }) => tables)];
}

function closing<P extends Part>(stack: AsyncDisposableStack, part: P): P {
  stack.defer(async () => await part.close?.());
  return part;
}
