/** The options of `sluice bench soak`. */

import type { LogChoice } from "../program.ts";
import type { SoakLoad } from "./load.ts";

export interface SoakOptions {
  readonly load: SoakLoad;
  readonly minutes: number;
  /** Memory may grow for so long: caches fill, code is compiled. */
  readonly warmUpMinutes: number;
  /** The most that resident memory may grow afterwards, in MB a minute. */
  readonly slopeMax: number;
  readonly log: LogChoice;
  readonly json: boolean;
}
