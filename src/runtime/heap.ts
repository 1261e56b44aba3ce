/**
 * How fast the engine's heap grows. Only built-ins are imported: `scripts/start.ts` calls this before
 * anything is installed.
 */

import process from "node:process";

/**
 * The engine grows the gateway's heap by the machine's memory: on a large one it doubles between
 * collections, and 19,000 producers at full rate leave 1 GB of garbage. When it believes in this much,
 * the heap grows by a quarter: half the memory at the same speed (docs/deployment.md). It is not a limit.
 */
const heapSetting = "BUN_JSC_forceRAMSize";
const heapBytes = 512 * 1024 * 1024;

/** Whether this process is a gateway that was started without the setting. */
export function needsHeapSetting(command: string | undefined): boolean {
  return (command ?? "serve") === "serve" && process.env[heapSetting] === undefined;
}

/**
 * The engine reads its settings at its start, so this process executes itself again: same id, same
 * arguments. Returns where the system cannot do that.
 */
export function restartWithHeapSetting(program: readonly string[]): void {
  const env = { [heapSetting]: String(heapBytes), ...process.env };
  process.execve?.(process.execPath, [process.execPath, ...program], env);
}
