/** The options of `sluice bench save`. */

import type { LogChoice } from "../program.ts";
import type { SaveLoad } from "./result.ts";

export interface SaveOptions {
  readonly load: SaveLoad;
  /** Of the gateway that is started for the purpose. */
  readonly log: LogChoice;
  readonly json: boolean;
}
