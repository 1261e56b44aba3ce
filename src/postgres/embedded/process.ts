/**
 * Which processes are alive, according to the system. A pid alone proves nothing: it is reused, and a
 * zombie answers signal 0. So a process is identified by its pid and its start time, and a server of a
 * data directory by its name and working directory.
 */

import { execFile } from "node:child_process";
import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../error-code.ts";

const onLinux = process.platform === "linux";
const pollMs = 10;

/** A text that no other process ever has; undefined when `pid` is dead or a zombie. */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (!onLinux) {
    const [line] = await ps(["-o", "stat=,lstart=", "-p", String(pid)]);
    const [, state, started] = /^\s*(\S+)\s+(.+?)\s*$/.exec(line ?? "") ?? [];
    return state === undefined || state.startsWith("Z") ? undefined : started;
  }
  const status = await linuxStatus(pid);
  if (status === undefined || status.state === "Z" || status.state === "X") return undefined;
  // Start times count from boot, so the same pid can have the same one after the next boot.
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  return `${boot.trim()}:${status.started}`;
}

/**
 * The processes of PostgreSQL that work in `directory`, postmaster and backends alike. Where there
 * is no /proc only the postmaster is found: `ps` does not show the directory of backends.
 */
export async function clusterProcesses(directory: string): Promise<number[]> {
  const path = await realpath(directory).catch(() => directory);
  if (!onLinux) {
    return (await ps(["-axo", "pid=,command="]))
      .filter((line) => /^\s*\d+\s+\S*postgres\s/.test(line) && line.includes(`-D ${path} `))
      .map((line) => Number.parseInt(line, 10));
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = await Promise.all(
    pids.map(async (pid) => {
      // Fails for processes that ended meanwhile and for those of other users: neither is ours.
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      return cwd === path && (await linuxStatus(pid))?.name === "postgres";
    }),
  );
  return pids.filter((_, index) => ours[index] === true);
}

/**
 * Waits for the backends of a dead postmaster, and ends those that do not end on their own: PostgreSQL
 * refuses to start while one of them still uses its shared memory. Returns the pids that it ended.
 */
export async function reapOrphans(directory: string): Promise<number[]> {
  const steps = [
    { signal: undefined, graceMs: 300 },
    { signal: "SIGQUIT", graceMs: 1000 },
    { signal: "SIGKILL", graceMs: 2000 },
  ] as const;
  const ended = new Set<number>();
  for (const { signal, graceMs } of steps) {
    const pids = await clusterProcesses(directory);
    if (pids.length === 0) break;
    if (signal !== undefined) {
      for (const pid of pids) {
        ended.add(pid);
        sendSignal(pid, signal);
      }
    }
    await until(async () => (await clusterProcesses(directory)).length === 0, graceMs);
  }
  return [...ended];
}

/** Sends a signal; a process that has ended already is fine. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/** Polls until the condition is true; false once `timeoutMs` have passed. */
export async function until(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() >= end) return false;
    await sleep(pollMs, undefined, { signal });
  }
  return true;
}

/** Fields of proc_pid_stat(5); the name in parentheses may itself contain spaces and parentheses. */
async function linuxStatus(pid: number) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
    state: fields[0],
    started: fields[19],
  };
}

/** Lines of `ps`; none when it finds no process, for which its exit code is 1. */
function ps(options: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile("ps", [...options], { env: { LC_ALL: "C", PATH: "/usr/bin:/bin" } }, (_, stdout) => {
      resolve(stdout.split("\n").filter((line) => line !== ""));
    });
  });
}
