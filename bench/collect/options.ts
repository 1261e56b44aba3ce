/** What is to be measured. */
import type { CollectLoad, GrpcAddress } from "./load.ts";
import type { LogChoice } from "../program.ts";

export interface CollectOptions {
  readonly load: CollectLoad;
  /** Of what is started for the purpose. */
  readonly log: LogChoice;
  /** Undefined: a gateway is started for the purpose. */
  readonly grpc: GrpcAddress | undefined;
  readonly pid: number | undefined;
  readonly json: boolean;
}
