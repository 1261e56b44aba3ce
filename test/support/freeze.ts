/** A process that is there and does nothing. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

/**
 * SIGSTOP. Resolves once all its threads stand: one that runs on another core goes on for a moment,
 * and may answer what it is asked just then. SIGCONT has it go on.
 */
export async function freezeProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGSTOP");
  } catch (error) {
    // It ended by itself.
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return;
    throw error;
  }
  await until(`process ${pid} to stand`, 5000, () => isStopped(pid));
}

/** Or it has ended. Where there is no /proc nobody can tell. */
function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync("/proc/self")) return true;
  try {
    return readdirSync(tasks).every((task) => {
      const stat = readFileSync(`${tasks}/${task}/stat`, "utf8");
      return "TZX".includes(stat.at(stat.lastIndexOf(")") + 2) ?? "");
    });
  } catch {
    // It, or a thread of it, has ended meanwhile.
    return !existsSync(tasks);
  }
}
