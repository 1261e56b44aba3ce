/** The servers that are measured: the floor, a gateway made for the purpose, or one that runs already. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../core/failure.ts";
import type { Environment } from "../../core/runtime.ts";
import { ask } from "../gateway.ts";
import type { Address, Transport } from "./subscriber.ts";

export const mainPath = fileURLToPath(new URL("../../main.ts", import.meta.url));
const floorPath = fileURLToPath(new URL("../../../bench/floor-fanout.ts", import.meta.url));

const readyMsMax = 60_000;
const stopMsMax = 15_000;

export interface Server extends AsyncDisposable {
  readonly name: string;
  /** Undefined: its process is not known, and so is what it uses. */
  readonly pid: number | undefined;
  readonly address: Address;
  readonly publishUrl: string;
  /** How its process ended and what it said; undefined while it runs, or where it is not ours. */
  ended(): string | undefined;
}

/** Where the gateway keeps its log: `embedded` is its own PostgreSQL. */
export type LogChoice = "embedded" | "jetstream";

export async function startFloor(transport: Transport): Promise<Server> {
  const child = await start([floorPath], process.execPath, {}, "floor ready");
  const path = transport === "ws" ? "/ws" : "/sse";
  return {
    name: "floor",
    pid: child.pid,
    address: addressOf(child.url, transport, path, ""),
    publishUrl: `${child.url}/events`,
    ended: child.ended,
    [Symbol.asyncDispose]: () => child.stop(),
  };
}

export async function startGateway(
  environment: Environment,
  log: LogChoice,
  transport: Transport,
): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  const env = gatewayEnvironment(environment, log, dataDir);
  const child = await start([mainPath, "serve"], process.execPath, env, "sluice ready");
  const gateway = await onEmitter(child.url, child.pid, transport);
  return {
    ...gateway,
    ended: child.ended,
    async [Symbol.asyncDispose]() {
      await child.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A gateway that runs already: an emitter is made on it, and ended afterwards. */
export async function onEmitter(
  url: string,
  pid: number | undefined,
  transport: Transport,
): Promise<Server> {
  const { id } = await ask<{ id: string }>(url, "PUT", "/log", { source: "external" });
  const hello = JSON.stringify({ op: "subscribe", emitter: id });
  return {
    name: "gateway",
    pid,
    address: addressOf(url, transport, transport === "ws" ? "/v1/ws" : `/sse/log/${id}`, hello),
    publishUrl: `${url}/log/${id}`,
    ended: () => undefined,
    [Symbol.asyncDispose]: () => ask(url, "DELETE", `/log/${id}`),
  };
}

function addressOf(url: string, transport: Transport, path: string, hello: string): Address {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "http:") {
    throw new Failure("invalid", `Cannot measure ${url}: wanted http:, subscribers speak no TLS`);
  }
  return {
    transport,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 80),
    path,
    hello,
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
      "Cannot use --log jetstream: NATS_URL is not set, wanted nats://host:port",
    );
  }
  // The settings of whoever measures are not part of what is measured.
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

interface Started {
  readonly url: string;
  readonly pid: number | undefined;
  ended(): string | undefined;
  stop(): Promise<void>;
}

/** Starts a program and waits for its ready line, which holds its address. */
async function start(
  args: string[],
  program: string,
  env: Environment,
  word: string,
): Promise<Started> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
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
    url: /http:\/\/\S+/.exec(line)?.[0] ?? "",
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
