/** `sluice`: the command line. */

import { runCommand } from "./cli/run.ts";
import { bunRuntime } from "./runtime/bun.ts";

await runCommand(bunRuntime);
