/** `sluice bench`: how much one gateway carries, compared with what the machine can do at best. */

import type { CommandGroup } from "../src/cli/command/command.ts";
import { access } from "./access/command.ts";
import { collect } from "./collect/command.ts";
import { fanout, load } from "./fanout/command.ts";
import { flood } from "./flood/command.ts";
import { query } from "./query/command.ts";
import { save } from "./save/command.ts";
import { soak } from "./soak/command.ts";

export const bench: CommandGroup = {
  name: "bench",
  summary: "measure fan-out, intake and queries, beside a floor in the same run",
  description: "docs/bench.md says what each figure means.",
  commands: [fanout, collect, save, query, access, flood, soak, load],
};
