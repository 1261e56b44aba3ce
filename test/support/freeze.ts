/** Suspending a process. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

/**
 * Sends SIGSTOP, and resolves once all threads have stopped: a thread on another core runs on for a
 * moment, and may answer a request. SIGCONT resumes the process.
 */
export async function freezeProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGSTOP");
  } catch (error) {
    // It has ended on its own.
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return;
    throw error;
  }
  await until(`process ${pid} to stop`, 5000, () => isStopped(pid));
}

/** True if it is suspended or has ended; always true on a system without /proc. */
function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync("/proc/self")) return true;
  try {
    return readdirSync(tasks).every((task) => {
      const stat = readFileSync(`${tasks}/${task}/stat`, "utf8");
      return "TZX".includes(stat.at(stat.lastIndexOf(")") + 2) ?? "");
    });
  } catch {
    // The process or one of its threads has ended since.
    return !existsSync(tasks);
  }
}
