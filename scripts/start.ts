// `bun start` and `sluice`: installs the dependencies when they are missing, then runs the command in
// this same process, so that a signal sent here reaches it. Without arguments it is the gateway.

import { needsHeapSetting, restartWithHeapSetting } from "../src/runtime/heap.ts";
import { ensureInstalled } from "./install.ts";
import { watchLauncher } from "./launcher.ts";

try {
  const installed = await ensureInstalled("production");
  // Bun remembers that there was no node_modules: the second pass finds everything.
  if (installed === "installed" || needsHeapSetting(process.argv[2])) {
    restartWithHeapSetting(process.argv.slice(1));
  }
} catch (error) {
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
watchLauncher(() => process.kill(process.pid, "SIGTERM"));
await import("../src/main.ts");
