// `bun start` and `sluice`: installs the dependencies when they are missing, then runs the command in
// this same process, so that a signal sent here reaches it. Without arguments it is the gateway.

import { ensureInstalled } from "./install.ts";
import { watchLauncher } from "./launcher.ts";

// The engine grows the gateway's heap by the machine's memory: on a large one it doubles between
// collections, and 19,000 producers at full rate leave 1 GB of garbage. When it believes in this much,
// the heap grows by a quarter: half the memory at the same speed (docs/deployment.md). It is not a limit.
const heapSetting = "BUN_JSC_forceRAMSize";
const heapBytes = 512 * 1024 * 1024;

const [command = "serve"] = process.argv.slice(2);

try {
  const installed = await ensureInstalled("production");
  // Bun remembers that there was no node_modules, and the engine reads its settings at its start, so
  // this process executes itself again: same id, same arguments. The second pass finds everything.
  const needsSetting = command === "serve" && process.env[heapSetting] === undefined;
  if (installed === "installed" || needsSetting) {
    const env = { [heapSetting]: String(heapBytes), ...process.env };
    process.execve?.(process.execPath, [process.execPath, ...process.argv.slice(1)], env);
  }
} catch (error) {
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
watchLauncher(() => process.kill(process.pid, "SIGTERM"));
await import("../src/main.ts");
