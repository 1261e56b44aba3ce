/** What is to be measured. */
import type { Load } from "./measure.ts";
import type { Schedule } from "./fanout/publish.ts";
import type { LogChoice } from "./program.ts";
import type { Transport } from "./fanout/subscriber.ts";

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
