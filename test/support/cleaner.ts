/** Cleaning up after a test process, however it went. */

import { spawn } from "node:child_process";

/**
 * Runs a shell script with these arguments once this process is gone. The end of our pipe tells
 * the shell: `bun test` emits no exit event, and after `kill -9` nobody could.
 */
export function afterThisProcess(script: string, args: readonly string[]): void {
  // `bun test --parallel` ends what a file has started before it goes on to the next one.
  const whole = `trap '' TERM\ncat >/dev/null\n${script}`;
  const cleaner = spawn("/bin/sh", ["-c", whole, "sh", ...args], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  cleaner.unref();
  // A pipe is a socket, which has `unref`; the type of a stream does not tell.
  const { stdin } = cleaner;
  if (stdin !== null && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
}

/** Ends the PostgreSQL under the data directory `$1`, and removes the directory. */
export const removeDataDir = `
pidfile="$1/postgres/postmaster.pid"
[ -e "$pidfile" ] && kill -QUIT "$(head -n 1 "$pidfile")"
for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$pidfile" ] && sleep 0.2; done
rm -rf "$1"
`;
