/** What the HTTP endpoints of every feature are built on; each takes what it needs of it. */

import type { MemoryAccount } from "../core/budget/memory.ts";
import type { Turns } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import type { Host } from "../core/host.ts";
import type { LogDriver } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import type { Hub } from "../hub/hub.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { Bodies } from "./body.ts";
import type { Sockets } from "./sockets.ts";

export interface HttpDeps {
  readonly host: Host;
  readonly log: LogDriver;
  readonly hub: Hub;
  readonly ingest: Ingest;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bodies: Bodies;
  readonly sockets: Sockets;
  readonly turns: Turns;
  readonly memory: MemoryAccount;
  /** Other sites whose pages may use this gateway; `*`: all. */
  readonly origins: readonly string[];
}
