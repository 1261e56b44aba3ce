/** `sluice schema`: the registry of a running gateway. */

import type { CommandGroup } from "./command/command.ts";
import { check, config, get, list, register, remove, watch } from "./schema/commands.ts";

export const schema: CommandGroup = {
  name: "schema",
  summary: "register, check, list, fetch, delete and watch schemas",
  commands: [register, check, list, get, remove, config, watch],
};
