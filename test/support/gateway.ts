/** A real gateway as a child process, as its users start it. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterThisProcess, removeDataDir } from "./cleaner.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readyMsMax = 60_000;

export interface GatewayOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A directory that is kept, so that a second gateway finds the data of the first. */
  readonly dataDir?: string;
  /** The checkout by default. */
  readonly cwd?: string;
  /** The program and its arguments; Bun's own entry by default. */
  readonly command?: readonly string[];
}

export interface GatewayProcess {
  readonly url: string;
  readonly wsUrl: string;
  readonly grpcUrl: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Standard error so far. */
  log(): string;
  /** Lines of the log with level error. Throws on a line that is not JSON. */
  errors(): string[];
  /** Resolves to the exit code (or the signal's name). */
  readonly exited: Promise<number | string>;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | string>;
  kill9(): Promise<void>;
}

/** Starts a gateway; rejects with its output if it does not become ready. */
export async function startGateway(options: GatewayOptions = {}): Promise<GatewayProcess> {
  const dataDir = options.dataDir ?? temporaryDataDir();
  const [program, ...args] = options.command ?? [
    process.execPath,
    join(root, "src/main.ts"),
    "serve",
  ];
  const child = spawn(program ?? process.execPath, args, {
    cwd: options.cwd ?? root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...withoutSettings(process.env),
      SLUICE_PORT: "0",
      SLUICE_GRPC_PORT: "0",
      SLUICE_DATA_DIR: dataDir,
      ...options.env,
    },
  });
  afterThisProcess("kill -9 $1", [String(child.pid)]);
  let written = "";
  child.stderr?.on("data", (data: Buffer) => {
    written = (written + data.toString()).slice(-200_000);
  });
  const exited = new Promise<number | string>((resolve) => {
    child.on("exit", (code, signal) => {
      resolve(signal ?? code ?? -1);
    });
  });
  const ready = await readyLine(child, exited, () => written);
  const [url = "", grpcUrl = ""] = ready.match(/https?:\/\/\S+/g) ?? [];
  return {
    url,
    wsUrl: url.replace("http", "ws"),
    grpcUrl,
    pid: child.pid ?? 0,
    dataDir,
    log: () => written,
    errors() {
      const lines = written.split("\n").filter((line) => line !== "");
      return lines.filter((line) => JSON.parse(line).level === "error");
    },
    exited,
    stop() {
      child.kill("SIGTERM");
      return exited;
    },
    async kill9() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function readyLine(
  child: ChildProcess,
  exited: Promise<unknown>,
  log: () => string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`The gateway ${why}:\n${output}\n${log()}`));
    };
    const timer = setTimeout(() => fail(`was not ready within ${readyMsMax} ms`), readyMsMax);
    child.stdout?.on("data", (data: Buffer) => {
      output += data.toString();
      const line = output.split("\n").find((one) => one.startsWith("sluice ready"));
      if (line === undefined || !output.includes("\n")) return;
      clearTimeout(timer);
      resolve(line);
    });
    void exited.then((code) => fail(`ended with ${String(code)} before it was ready`));
  });
}

/** A developer's own settings must not reach the gateways under test. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(SLUICE_|DATABASE_|NATS_|KAFKA_BROKERS$)/.test(name),
    ),
  );
}

/** Removed when this process ends, with the PostgreSQL that a killed gateway leaves running. */
export function temporaryDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "sluice-test-"));
  afterThisProcess(removeDataDir, [dataDir]);
  return dataDir;
}
