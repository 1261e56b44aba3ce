/** The same gateway on Deno, as the proof that only `src/runtime/` knows what runs it. */

import { runCommand } from "./cli/run.ts";
import { denoRuntime } from "./runtime/deno.ts";

await runCommand(denoRuntime);
