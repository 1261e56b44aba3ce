/** The options of `sluice bench fanout`. */

import type { Gateway } from "../../src/cli/gateway/gateway.ts";
import type { LogChoice } from "../program.ts";
import type { Load } from "./measure.ts";
import type { Schedule } from "./publish.ts";
import type { Transport } from "./subscriber.ts";

export interface FanoutOptions {
  readonly load: Load;
  readonly schedule: Schedule;
  readonly transport: Transport;
  readonly log: LogChoice;
  /** One that runs already; undefined: the command starts one. */
  readonly gateway: Gateway | undefined;
  readonly pid: number | undefined;
  /** Measures only memory. */
  readonly idle: boolean;
  readonly json: boolean;
}
