/** Programs that others made, which tests run as users do. */

import { test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export interface Tool {
  readonly name: string;
  /** The environment's word for where it is. */
  readonly variable: string;
}

export const grpcurl: Tool = { name: "grpcurl", variable: "SLUICE_TEST_GRPCURL" };
export const node: Tool = { name: "node", variable: "SLUICE_TEST_NODE" };
export const connectConformance: Tool = {
  name: "connectconformance",
  variable: "SLUICE_TEST_CONNECTCONFORMANCE",
};

/** A test that needs the tool; without it a skip that says so, and in CI a failure. */
export function toolTest(
  tool: Tool,
  name: string,
  body: (path: string) => Promise<void>,
  timeoutMs = 30_000,
): void {
  const path = findTool(tool);
  if (path !== undefined) return test(name, () => body(path), timeoutMs);
  const reason = `needs ${tool.name}: set ${tool.variable}, or have it on the PATH`;
  if (process.env["CI"] !== "true") return test.skip(`${name} (skipped: ${reason})`, () => {});
  test(name, () => {
    throw new Error(`Cannot run "${name}": it ${reason}, expected in CI`);
  });
}

function findTool({ name, variable }: Tool): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && named !== "") return named;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(homedir(), "go", "bin")];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** To its end, or until it has printed `enough`, or for `timeoutMs` at most: then its code is null. */
export function runTool(
  command: readonly string[],
  options: {
    readonly input?: string;
    readonly timeoutMs?: number;
    readonly enough?: (output: string) => boolean;
  } = {},
): Promise<Ran> {
  const [program = "", ...args] = command;
  // A group of its own: what a launcher began is stopped with it.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
    if (options.enough?.(output) === true) stop();
  });
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString();
  });
  child.stdin.end(options.input ?? "");
  const timer = setTimeout(stop, options.timeoutMs ?? 20_000);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output, errors });
    });
  });
}
