// `bun start`: installs the dependencies when they are missing, then runs the gateway in this same
// process, so that a signal sent here reaches it. Arguments pass through: `bun start --help`.

import { ensureInstalled } from "./install.ts";
import { watchLauncher } from "./launcher.ts";

try {
  if ((await ensureInstalled("production")) === "installed") {
    // Bun remembers that there was no node_modules, so this process begins anew: same id, same
    // arguments. The second pass finds everything present.
    process.execve?.(process.execPath, [process.execPath, ...process.argv.slice(1)], process.env);
  }
} catch (error) {
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
watchLauncher(() => process.kill(process.pid, "SIGTERM"));
await import("../src/main.ts");
