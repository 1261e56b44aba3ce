/** Programs that run during a test, as users run them in a terminal. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterThisProcess } from "./cleaner.ts";
import { until } from "./until.ts";

const main = join(import.meta.dir, "../../src/main.ts");

export interface Program {
  /** Lines of standard output so far. */
  lines(): string[];
  /** Standard error so far. */
  errors(): string;
  /** Waits for a number of lines. */
  printed(count: number, msMax?: number): Promise<string[]>;
  /** Exit code; null if a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Sends SIGINT, as Ctrl-C does; resolves as `exited`. */
  interrupt(): Promise<number | null>;
}

/** Starts `sluice` with these arguments. */
export function startSluice(...args: string[]): Program {
  return startProgram([process.execPath, main, ...args]);
}

export function startProgram([file = "", ...args]: readonly string[]): Program {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  // A test that fails leaves it running.
  afterThisProcess("kill -9 $1", [String(child.pid)]);
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString();
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const lines = () => output.split("\n").slice(0, -1);
  return {
    lines,
    errors: () => errors,
    printed(count, msMax = 15_000) {
      const expected = `${count} lines of ${file} ${args.slice(1).join(" ")}`;
      return until(expected, msMax, () => lines().length >= count && lines());
    },
    exited,
    interrupt() {
      child.kill("SIGINT");
      return exited;
    },
  };
}
