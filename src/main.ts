/** `sluice`: the command line. */

import { runCommand } from "./cli/run.ts";
import { isExecutable } from "./core/build.ts";
import { bunRuntime } from "./runtime/bun.ts";
import { needsHeapSetting, restartWithHeapSetting } from "./runtime/heap.ts";

if (isExecutable && needsHeapSetting(bunRuntime.args[0])) restartWithHeapSetting(bunRuntime.args);
await runCommand(bunRuntime);
