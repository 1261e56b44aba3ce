/** What the HTTP faces are built on; `src/gateway/` puts it together. */
import type { Clock } from "../core/clock.ts";
import type { LogDriver } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import type { AckRules } from "../features/ack-rules/ack-rules.ts";
import type { Emitters } from "../features/emitters/emitters.ts";
import type { TopicSettings } from "../core/topic.ts";
import type { Hub } from "../hub/hub.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { Relations } from "../features/relations/relation.ts";
import type { RecordDecoder } from "../core/schemas.ts";
import type { EventIntake } from "../features/lifecycle/intake.ts";
import type { Lifecycles } from "../features/lifecycle/lifecycles.ts";
import type { Registry } from "../features/registry/registry.ts";
import type { Host } from "../core/host.ts";
import type { Series } from "../features/measurements/series.ts";
import type { EncodedTopic } from "../ingest/encoded.ts";
import type { IntakeParts } from "../features/measurements/intake/intake.ts";

export interface HttpParts {
  readonly host: Host;
  readonly log: LogDriver;
  readonly hub: Hub;
  readonly ingest: Ingest;
  readonly emitters: Emitters;
  readonly events: EventIntake;
  readonly lifecycles: Lifecycles;
  readonly ackRules: AckRules;
  readonly registry: Registry;
  readonly schemas: RecordDecoder;
  readonly relations: Relations;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: HttpLimits;
  readonly measurementsIn: MeasurementsIn;
  readonly series: Series;
  readonly health: Health;
  readonly rpc: RpcFace;
  /** Other sites whose pages may use this gateway; `*`: all. */
  readonly origins: readonly string[];
  /** What a topic is made with, unless its maker says otherwise. */
  readonly newTopics: TopicSettings;
}

/** Calls that are served as they come, at addresses of their own: `/package.Service/Method`. */
export interface RpcFace {
  readonly paths: readonly string[];
  readonly fetch: (request: Request) => Promise<Response>;
}

export interface HttpLimits {
  readonly bodyBytesMax: number;
}

/** What the faces that take measurements are built on. */
export interface MeasurementsIn extends IntakeParts {
  readonly topic: EncodedTopic;
}

/** What `/status`, `/livez` and `/readyz` tell. */
export interface Health {
  /** Everything this node knows of itself, for people. */
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** Undefined when this node can serve; else why not. */
  notReady(): Promise<string | undefined>;
}
