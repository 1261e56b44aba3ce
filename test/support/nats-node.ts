/** A node on a NATS server, as a process that the contract suite kills. */

import { systemClock } from "../../src/core/clock.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { silent } from "../../src/core/logger.ts";
import { createJetstreamLog } from "../../src/log/jetstream/jetstream-log.ts";

export function openNode(url: string): Promise<LogDriver> {
  return createJetstreamLog({ url, clock: systemClock, logger: silent });
}
