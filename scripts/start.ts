// `bun start`: installs the dependencies when they are missing, then runs the gateway in this same
// process, so that a signal sent here reaches it. Arguments pass through: `bun start --help`.

import { ensureInstalled } from "./install.ts";
import { watchLauncher } from "./launcher.ts";

// How the engine's heap grows follows from the machine's memory: on a large one it doubles between
// collections, and 19,000 producers at full rate leave 1 GB of garbage. As if there were this much it
// grows by a quarter: half the memory at the same speed (docs/deployment.md). It is no limit.
const heapSetting = "BUN_JSC_forceRAMSize";
const heapBytes = 512 * 1024 * 1024;

try {
  const installed = await ensureInstalled("production");
  // Bun remembers that there was no node_modules, and the engine reads its settings first of all, so
  // this process begins anew: same id, same arguments. The second pass finds everything present.
  if (installed === "installed" || process.env[heapSetting] === undefined) {
    const env = { [heapSetting]: String(heapBytes), ...process.env };
    process.execve?.(process.execPath, [process.execPath, ...process.argv.slice(1)], env);
  }
} catch (error) {
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
watchLauncher(() => process.kill(process.pid, "SIGTERM"));
await import("../src/main.ts");
