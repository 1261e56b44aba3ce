/** What the HTTP endpoints of every feature are built on; each takes what it needs of it. */

import type { MemoryAccount, Share } from "../core/budget/memory.ts";
import type { Turns } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import type { Host } from "../core/host.ts";
import type { LogDriver } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import type { Hub } from "../hub/hub.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { Pages } from "../log/pages.ts";
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
  readonly pages: Pages;
  readonly turns: Turns;
  readonly memory: MemoryAccount;
  /** Answers that their callers have not read. */
  readonly answers: Share;
  /** Time after which a client that reads nothing is given up. */
  readonly stallMs: number;
  /** Prefix of every address of this gateway, which a proxy keeps; empty: none. */
  readonly basePath: string;
  /** Other sites whose pages may use this gateway; `*`: all. */
  readonly origins: readonly string[];
}
