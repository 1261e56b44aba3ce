/** The store as the composition takes it: connected, migrated, and what each part needs of it. */
import type { AckLedgerStore, AckRuleStore } from "../features/ack-rules/rule.ts";
import type { Clock } from "../core/clock.ts";
import type { EmitterPages, EmitterStore, GuestLeases } from "../core/emitters.ts";
import type { LifecycleStore } from "../features/lifecycle/lifecycle.ts";
import type { Logger } from "../core/logger.ts";
import type { Ownership, ProjectionTarget } from "../core/projection.ts";
import type { RegistryStore } from "../features/registry/registry-port.ts";
import type { RollupStore, SeriesStore } from "../features/measurements/series-port.ts";
import type { Relation, Relations } from "../features/relations/relation.ts";
import { createAckLedger } from "../features/ack-rules/store/ledger.ts";
import { createAckRuleStore } from "../features/ack-rules/store/rule-store.ts";
import { openDatabase } from "../postgres/database.ts";
import { startEmbedded } from "../postgres/embedded/embedded.ts";
import { createEmitterPages, createEmitterProjection } from "../features/emitters/store/pages.ts";
import { runEmitterRetention } from "../features/emitters/store/retention.ts";
import { createEmitterStore, createGuestLeases } from "../features/emitters/store/emitter-store.ts";
import { createLifecycleProjection } from "../features/lifecycle/store/projection.ts";
import { createLifecycleStore } from "../features/lifecycle/store/lifecycle-store.ts";
import { runLifecycleUpkeep } from "../features/lifecycle/store/retention.ts";
import { runMeasurementPartitions } from "../features/measurements/store/partitions.ts";
import {
  createMeasurementProjection,
  type MeasurementProjection,
} from "../features/measurements/store/projection.ts";
import { migrate } from "../postgres/migrate.ts";
import { createOwnership } from "../postgres/ownership.ts";
import { createRegistryStore } from "../features/registry/store/registry-store.ts";
import { createRollupStore } from "../features/measurements/store/rollups.ts";
import { createSeriesStore } from "../features/measurements/store/series-store.ts";
import { createRelationProjection } from "../features/relations/store/projection.ts";
import { createRelations } from "../features/relations/store/refusals.ts";
import { prepareRelations } from "../features/relations/store/landing-tables.ts";

export interface StoreOptions {
  /** Undefined: PostgreSQL is embedded under `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** Of the embedded PostgreSQL; 0: a share of the machine's memory. */
  readonly postgresCacheMb: number;
  /** How long the rows of emitters' pages are kept; 0 keeps them. */
  readonly rowsKeptMs: number;
  /** How long measurements are kept. */
  readonly seriesRetentionMs: number;
  /** How long a lifecycle is kept after its last event, unless its app says otherwise; 0 keeps it. */
  readonly lifecyclesKeptMs: number;
  /** What topics land in; their tables are made. */
  readonly relations: readonly Relation[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Store {
  readonly url: string;
  readonly ownership: Ownership;
  readonly emitters: EmitterStore;
  readonly emitterPages: EmitterPages;
  readonly emitterProjection: ProjectionTarget;
  readonly guestLeases: GuestLeases;
  readonly lifecycles: LifecycleStore;
  readonly lifecycleProjection: ProjectionTarget;
  readonly registry: RegistryStore;
  readonly ackRules: AckRuleStore;
  readonly ackLedger: AckLedgerStore;
  readonly measurementProjection: MeasurementProjection;
  readonly series: SeriesStore;
  readonly rollups: RollupStore;
  readonly relations: Relations;
  readonly relationProjections: readonly ProjectionTarget[];
  /** Throws `unavailable` when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Rows of one emitter: at two events a second, the last fourteen hours. */
const rowsPerEmitterMax = 100_000;

/** Queries of series that the database works on at once: twice its cores on a small machine. */
const readConnections = 4;

/** Starts PostgreSQL unless one is given, and brings it to this release's tables. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { clock, logger } = options;
  await using opened = new AsyncDisposableStack();
  const embedded =
    options.databaseUrl === undefined
      ? await startEmbedded({
          dataDir: options.dataDir,
          cacheMb: options.postgresCacheMb,
          log: logger,
        })
      : undefined;
  if (embedded !== undefined) opened.defer(() => embedded.stop());
  const url = options.databaseUrl ?? embedded?.url ?? "";
  await migrate(url);

  const database = openDatabase({ url });
  opened.defer(() => database.close());
  // Of their own: queries are not to keep projections from a connection.
  const reads = openDatabase({ url, connectionsMax: readConnections, plansOnce: true });
  opened.defer(() => reads.close());
  await prepareRelations(database, options.relations);
  const ownership = createOwnership({ url, clock, logger });
  opened.defer(() => ownership.close());
  const stop = new AbortController();
  const retention = runEmitterRetention({
    database,
    ownership,
    clock,
    logger,
    signal: stop.signal,
    retention: { ageMs: options.rowsKeptMs, countMax: rowsPerEmitterMax },
  });
  const upkeep = runLifecycleUpkeep({
    database,
    ownership,
    clock,
    logger,
    signal: stop.signal,
    retentionMs: options.lifecyclesKeptMs,
  });
  const partitions = runMeasurementPartitions({
    database,
    ownership,
    clock,
    logger,
    signal: stop.signal,
    retentionMs: options.seriesRetentionMs,
  });
  opened.defer(async () => {
    stop.abort();
    await Promise.all([retention, partitions, upkeep]);
  });

  const parts = opened.move();
  return {
    url,
    ownership,
    emitters: createEmitterStore(database),
    emitterPages: createEmitterPages(database),
    emitterProjection: createEmitterProjection(database),
    guestLeases: createGuestLeases(database),
    lifecycles: createLifecycleStore(database),
    lifecycleProjection: createLifecycleProjection(database),
    registry: createRegistryStore(database, clock, logger),
    ackRules: createAckRuleStore(database),
    ackLedger: createAckLedger(database),
    measurementProjection: createMeasurementProjection(database, {
      clock,
      logger,
      retentionMs: options.seriesRetentionMs,
    }),
    series: createSeriesStore(reads),
    rollups: createRollupStore(database),
    relations: createRelations(database, options.relations),
    relationProjections: options.relations.map((relation) =>
      createRelationProjection(database, relation),
    ),
    async ping() {
      await database.run(() => database.sql`select 1`);
    },
    close: () => parts.disposeAsync(),
  };
}
