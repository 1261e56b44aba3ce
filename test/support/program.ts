/** Programs that run beside a test, as people run them in a terminal. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterThisProcess } from "./cleaner.ts";
import { until } from "./until.ts";

const main = join(import.meta.dir, "../../src/main.ts");

export interface Program {
  /** What it has printed so far, by line. */
  lines(): string[];
  /** What it has said on standard error so far. */
  errors(): string;
  /** Waits for so many lines. */
  printed(count: number, msMax?: number): Promise<string[]>;
  /** The code that it ended with; null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Ctrl-C; resolves as `exited`. */
  interrupt(): Promise<number | null>;
}

/** `sluice` with these arguments. */
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
      const wanted = `${count} lines of ${file} ${args.slice(1).join(" ")}`;
      return until(wanted, msMax, () => lines().length >= count && lines());
    },
    exited,
    interrupt() {
      child.kill("SIGINT");
      return exited;
    },
  };
}
