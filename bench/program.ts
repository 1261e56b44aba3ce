/** Programs that a benchmark starts: floors, and gateways with their own data directory. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../src/core/failure.ts";
import type { Environment } from "../src/runtime/runtime.ts";

export const mainPath = fileURLToPath(new URL("../src/main.ts", import.meta.url));

const readyMsMax = 60_000;
const stopMsMax = 15_000;

/** Where a gateway keeps its log: `embedded` is its own PostgreSQL. */
export type LogChoice = "embedded" | "jetstream";

export interface Program {
  /** Its data directory; empty for a program without one. */
  readonly dataDir: string;
  /** The addresses in its ready line. */
  readonly urls: readonly string[];
  readonly pid: number | undefined;
  /** Its exit code or signal and its last output; undefined while it runs. */
  ended(): string | undefined;
  stop(): Promise<void>;
}

/** A gateway with these and default settings, its own data directory and, where embedded, its own log. */
export async function startGatewayProgram(
  environment: Environment,
  log: LogChoice,
  settings: Environment = {},
): Promise<Program> {
  return await startOnLog([mainPath, "serve"], environment, log, "sluice ready", settings);
}

/** Starts any program that reads a gateway's settings, in the same way. */
export async function startOnLog(
  args: readonly string[],
  environment: Environment,
  log: LogChoice,
  word: string,
  settings: Environment = {},
): Promise<Program> {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  const env = { ...gatewayEnvironment(environment, log, dataDir), ...settings };
  const program = await startProgram(args, env, word);
  return {
    ...program,
    dataDir,
    async stop() {
      await program.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts a script and waits for its ready line, which contains its addresses. Throws `unavailable`. */
export async function startProgram(
  args: readonly string[],
  env: Environment,
  word: string,
): Promise<Program> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const end = () => void child.kill("SIGTERM");
  process.once("exit", end);
  let said = "";
  let fate: string | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      fate = `ended with ${signal ?? code}: ${said}`;
      resolve();
    });
  });
  child.stderr.on("data", (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
  const line = await readyLine(child, word);
  return {
    dataDir: "",
    urls: line.match(/http:\/\/\S+/g) ?? [],
    pid: child.pid,
    ended: () => fate,
    async stop() {
      process.off("exit", end);
      if (fate !== undefined) return;
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
      await exited;
      clearTimeout(late);
    },
  };
}

function gatewayEnvironment(
  environment: Environment,
  log: LogChoice,
  dataDir: string,
): Environment {
  const { NATS_URL } = environment;
  if (log === "jetstream" && (NATS_URL ?? "") === "") {
    throw new Failure(
      "invalid",
      "Cannot use --log jetstream: NATS_URL is not set, expected nats://host:port",
    );
  }
  // The measuring user's own settings must not change what is measured.
  const neutral = Object.entries(environment).filter(
    ([name]) => !/^(SLUICE_|DATABASE_URL$|NATS_URL$|KAFKA_BROKERS$)/.test(name),
  );
  return {
    ...Object.fromEntries(neutral),
    ...(log === "jetstream" ? { NATS_URL } : {}),
    SLUICE_PORT: "0",
    SLUICE_GRPC_PORT: "0",
    SLUICE_DATA_DIR: dataDir,
  };
}

function readyLine(child: ChildProcess, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Failure("unavailable", `Cannot measure: what was started ${why}:\n${said}`));
    };
    const timer = setTimeout(() => fail(`was not ready within ${readyMsMax} ms`), readyMsMax);
    const ended = (code: number | null) => fail(`ended with code ${code}`);
    child.once("exit", ended);
    child.once("error", (error) => fail(`did not start: ${error.message}`));
    const hear = (data: unknown) => {
      said = (said + String(data)).slice(-10_000);
      const line = said.split("\n").find((one) => one.startsWith(word));
      if (line === undefined || !said.endsWith("\n")) return;
      clearTimeout(timer);
      child.off("exit", ended);
      resolve(line);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
  });
}
