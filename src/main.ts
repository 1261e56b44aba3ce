/** `sluice`: the command line. */
import { runCommand } from "./cli/command.ts";
import { bunRuntime } from "./runtime/bun.ts";

await runCommand(bunRuntime);
