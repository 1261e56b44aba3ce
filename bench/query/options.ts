/** The options of `sluice bench query`. */

import type { Gateway } from "../../src/cli/gateway/gateway.ts";
import type { ProfileName } from "../../src/cli/simulate/measurements-profile.ts";
import type { LogChoice } from "../program.ts";

export interface QueryOptions {
  /** Measurements a second that are written meanwhile. */
  readonly rate: number;
  readonly profile: ProfileName;
  /** 0: what the profile takes. */
  readonly seconds: number;
  readonly tags: number;
  readonly clients: number;
  /** Queries a second of all clients together. */
  readonly queries: number;
  /** Measurements that are in the store before. */
  readonly preload: number;
  /** Answers that are compared with the raw data. */
  readonly verify: number;
  readonly log: LogChoice;
  /** Undefined: a gateway is started for the purpose. */
  readonly gateway: Gateway | undefined;
  readonly json: boolean;
}
