/** Cleaning up after a test process, however it ended. */

import { spawn } from "node:child_process";

/**
 * Runs a shell script with these arguments once this process has ended. The shell waits for the end of a
 * pipe, because `bun test` emits no exit event, and a process killed with SIGKILL cannot.
 */
export function afterThisProcess(script: string, args: readonly string[]): void {
  // `bun test --parallel` terminates the children of a file before it runs the next one.
  const whole = `trap '' TERM\ncat >/dev/null\n${script}`;
  const cleaner = spawn("/bin/sh", ["-c", whole, "sh", ...args], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  cleaner.unref();
  // A pipe is a socket, which has `unref`; the type of a stream does not declare it.
  const { stdin } = cleaner;
  if (stdin !== null && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
}

/** Stops the PostgreSQL of the data directory `$1`, and removes the directory. */
export const removeDataDir = `
pidfile="$1/postgres/postmaster.pid"
[ -e "$pidfile" ] && kill -QUIT "$(head -n 1 "$pidfile")"
for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$pidfile" ] && sleep 0.2; done
rm -rf "$1"
`;
