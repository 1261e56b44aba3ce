/**
 * The load of `sluice bench collect` is a Go program (`loader/`), because grpc-go costs a fraction
 * of what a client on the gateway's runtime costs. It is built into `.cache/bin`.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/core/failure.ts";

export interface CollectLoad {
  readonly connections: number;
  readonly records: number;
  /** Records of one message. */
  readonly batch: number;
  /** `collect`: one stream a connection. `publish`: unary calls. */
  readonly method: "collect" | "publish";
  /** Unary calls under way at once on a connection. */
  readonly callsAtOnce: number;
}

export interface GrpcAddress {
  readonly host: string;
  readonly port: number;
}

export interface LoadResult {
  /** From the first record to the last answer. */
  readonly seconds: number;
  readonly accepted: number;
  readonly refused: number;
  /** CPU seconds of the load's process. */
  readonly cpuSeconds: number;
}

/** A line of the program's output. */
type Line =
  { readonly sent: number } | (Omit<LoadResult, "cpuSeconds"> & { readonly cpu_seconds: number });

const source = fileURLToPath(new URL("./loader", import.meta.url));
const folder = fileURLToPath(new URL("../../.cache/bin", import.meta.url));
const program = `${folder}/sluice-collect-loader`;

/** Builds it; Go itself knows when nothing has changed. Throws `unavailable` where it is missing or fails. */
export async function buildLoader(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { code, errors } = await run("go", ["build", "-o", program, "."], { cwd: source });
  if (code === 0) return;
  throw new Failure(
    "unavailable",
    `Cannot build the load of bench collect: ${errors.trim()}, expected Go 1.25 or later on the PATH`,
  );
}

/** Sends the key with each call. Throws `unavailable` with the reasons of the first calls that failed. */
export async function sendLoad(
  { host, port }: GrpcAddress,
  topic: string,
  load: CollectLoad,
  onProgress: (done: number) => void,
  key = "",
): Promise<LoadResult> {
  const args = Object.entries({
    address: `${host}:${port}`,
    topic,
    connections: load.connections,
    records: load.records,
    batch: load.batch,
    unary: load.method === "publish",
    calls: load.callsAtOnce,
  }).map(([name, value]) => `-${name}=${value}`);
  let result: LoadResult | undefined;
  const { errors } = await run(
    program,
    args,
    { env: { ...process.env, SLUICE_KEY: key } },
    (text) => {
      const line = JSON.parse(text) as Line;
      if ("sent" in line) return onProgress(line.sent);
      const { cpu_seconds: cpuSeconds, seconds, accepted, refused } = line;
      result = { seconds, accepted, refused, cpuSeconds };
    },
  );
  if (result === undefined) throw new Failure("unavailable", `Cannot measure: ${errors.trim()}`);
  onProgress(load.records);
  return result;
}

/** Resolves once the program has ended; it ends with this process as well. */
async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
  onLine: (line: string) => void = () => {},
): Promise<{ readonly code: number | null; readonly errors: string }> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const end = () => void child.kill("SIGKILL");
  process.once("exit", end);
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors = (errors + data.toString()).slice(-2000)));
  createInterface({ input: child.stdout }).on("line", onLine);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, errors };
  } catch (error) {
    return { code: null, errors: error instanceof Error ? error.message : String(error) };
  } finally {
    process.off("exit", end);
  }
}
