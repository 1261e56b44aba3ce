/** Commands that run to completion, as scripts run them. */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterThisProcess } from "./cleaner.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Standard output so far. */
  output(): string;
  /** Standard error so far. */
  errors(): string;
}

/** Runs `sluice` with arguments, additional settings, and input; null keeps its input open. */
export function runSluice(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input: string | null = "",
): Command {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  // A command that reads no input may have ended already.
  child.stdin.on("error", () => {});
  if (input !== null) child.stdin.end(input);
  // A test that fails leaves it running.
  afterThisProcess("kill -9 $1", [String(child.pid)]);
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output, errors }));
  });
  return { child, ended, output: () => output, errors: () => errors };
}
