/** What is to be measured, and in which order. */
import type { Load } from "./measure.ts";
import type { Schedule } from "./publish.ts";
import type { LogChoice } from "./servers.ts";
import type { Transport } from "./subscriber.ts";

export interface FanoutOptions {
  readonly load: Load;
  readonly schedule: Schedule;
  readonly transport: Transport;
  readonly log: LogChoice;
  /** Undefined: a gateway is started for the purpose. */
  readonly url: string | undefined;
  readonly pid: number | undefined;
  /** Only memory is measured. */
  readonly idle: boolean;
  readonly json: boolean;
}

export interface Runs<Result> {
  readonly floor: Result;
  readonly gateway: Result;
  /** Again: where it differs from the first, the machine is noisy. */
  readonly floorAgain: Result;
}
