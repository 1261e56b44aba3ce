/** The options of `sluice bench collect`. */

import type { LogChoice } from "../program.ts";
import type { CollectLoad, GrpcAddress } from "./loader.ts";

export interface CollectOptions {
  readonly load: CollectLoad;
  /** Log of the gateway that the command starts. */
  readonly log: LogChoice;
  /** Address of a running gateway; undefined: the command starts one. */
  readonly grpc: GrpcAddress | undefined;
  /** Its credential; undefined: none. */
  readonly key: string | undefined;
  readonly pid: number | undefined;
  readonly json: boolean;
}
