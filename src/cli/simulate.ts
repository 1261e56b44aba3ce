/** `sluice simulate`: producers that look like the real ones, against a running gateway. */

import type { CommandGroup } from "./command/command.ts";
import { emitters } from "./simulate/emitters.ts";
import { files } from "./simulate/files.ts";
import { lifecycles } from "./simulate/lifecycles.ts";
import { measurements } from "./simulate/measurements.ts";
import { watch } from "./simulate/watch.ts";

export const simulate: CommandGroup = {
  name: "simulate",
  summary: "run simulated producers against a gateway",
  commands: [emitters, watch, files, measurements, lifecycles],
};
