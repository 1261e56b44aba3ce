/** What the system lets a compiler use, beside the deadline that this process enforces. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The compiler reserves more address space than it uses; the largest schemas use a few hundred MB. */
const addressSpaceBytes = 4 * 1024 ** 3;
/** It uses two threads. */
const threads = 2;

const run = promisify(execFile);
let found: Promise<string | undefined> | undefined;

/**
 * The words before a command that bound its memory and processor time. Empty where prlimit(1) of
 * util-linux is missing: there the deadline alone bounds it.
 */
export async function withinLimits(msMax: number): Promise<readonly string[]> {
  const file = await (found ??= findPrlimit());
  if (file === undefined) return [];
  const seconds = Math.ceil(msMax / 1000) * threads + 1;
  return [file, `--cpu=${seconds}`, `--as=${addressSpaceBytes}`];
}

async function findPrlimit(): Promise<string | undefined> {
  for (const file of ["/usr/bin/prlimit", "/bin/prlimit"]) {
    try {
      await run(file, ["--cpu=60", `--as=${addressSpaceBytes}`, "true"]);
      return file;
    } catch {
      // It does not exist, or may not set limits here.
    }
  }
  return undefined;
}
