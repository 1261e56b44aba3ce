/** Programs of other projects that tests run as a user would. */

import { test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export interface Tool {
  readonly name: string;
  /** Environment variable with the path of the program. */
  readonly variable: string;
}

export const grpcurl: Tool = { name: "grpcurl", variable: "SLUICE_TEST_GRPCURL" };
export const bash: Tool = { name: "bash", variable: "SLUICE_TEST_BASH" };
export const zsh: Tool = { name: "zsh", variable: "SLUICE_TEST_ZSH" };
export const fish: Tool = { name: "fish", variable: "SLUICE_TEST_FISH" };
export const haproxy: Tool = { name: "haproxy", variable: "SLUICE_TEST_HAPROXY" };
export const nginx: Tool = { name: "nginx", variable: "SLUICE_TEST_NGINX" };
export const caddy: Tool = { name: "caddy", variable: "SLUICE_TEST_CADDY" };
export const prometheus: Tool = { name: "prometheus", variable: "SLUICE_TEST_PROMETHEUS" };
export const promtool: Tool = { name: "promtool", variable: "SLUICE_TEST_PROMTOOL" };
export const composeGo: Tool = { name: "cmd", variable: "SLUICE_TEST_COMPOSE_GO" };
export const node: Tool = { name: "node", variable: "SLUICE_TEST_NODE" };
export const connectConformance: Tool = {
  name: "connectconformance",
  variable: "SLUICE_TEST_CONNECTCONFORMANCE",
};

/** A test that needs the tool. Without the tool it is skipped with the reason; in CI it fails. */
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

/** The path of the tool, if there is one. */
export function findTool({ name, variable }: Tool): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && named !== "") return named;
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    join(homedir(), "go", "bin"),
    // Of servers, which a user's own PATH may lack.
    "/usr/sbin",
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs the command to its end. It is killed, and its code is null, once it has printed `enough` or
 * after `timeoutMs`.
 */
export function runTool(
  command: readonly string[],
  options: {
    readonly input?: string;
    readonly timeoutMs?: number;
    readonly cwd?: string;
    readonly enough?: (output: string) => boolean;
  } = {},
): Promise<Ran> {
  const [program = "", ...args] = command;
  // A separate process group, so that the children of a launcher are stopped with it.
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
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
