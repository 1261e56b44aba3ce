/** Real nats-servers for tests: JetStream on files, a single server or a cluster of three. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterThisProcess } from "./cleaner.ts";
import { freezeProcess } from "./freeze.ts";
import { freePort } from "./port.ts";

const startMsMax = 15_000;

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Of the process that was started last. */
  readonly pid: number;
  /** Starts it again on the same port and directory; resolves once it serves. */
  start(): Promise<void>;
  /** Sends SIGKILL, and waits until the process has ended. */
  kill9(): Promise<void>;
  /** Suspends the server: it accepts connections and answers nothing. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Stops it and removes its directory. */
  stop(): Promise<void>;
}

export interface NatsCluster {
  /** All three addresses, as one connection string. */
  readonly url: string;
  readonly servers: readonly NatsServer[];
  stop(): Promise<void>;
}

/** Path of the server: the environment variable, then the PATH, then the directory of `go install`. */
export function findNatsServer(): string | undefined {
  const named = process.env["SLUICE_TEST_NATS_SERVER"];
  if (named !== undefined && named !== "") return named;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(homedir(), "go", "bin")];
  return folders.map((folder) => join(folder, "nats-server")).find((path) => existsSync(path));
}

/**
 * Why tests that need the server are skipped; undefined if the server is found. In CI it throws, because
 * a missing server must not skip tests.
 */
export function natsSkipReason(): string | undefined {
  if (findNatsServer() !== undefined) return undefined;
  const reason =
    "no nats-server: set SLUICE_TEST_NATS_SERVER, or run go install github.com/nats-io/nats-server/v2@latest";
  if (process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

export async function startNats(settings = ""): Promise<NatsServer> {
  const [port = 0] = await freePorts(1);
  const server = prepare(port, settings);
  await server.start();
  return server;
}

/** Three servers with JetStream as one cluster, for topics of three replicas. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const ports = await freePorts(9);
  const routes = ports.slice(3, 6).map((port) => `"nats://127.0.0.1:${port}"`);
  const servers = [0, 1, 2].map((i) =>
    prepare(
      ports[i] ?? 0,
      `server_name: n${i}
       http: "127.0.0.1:${ports[6 + i]}"
       cluster { name: test, listen: "127.0.0.1:${ports[3 + i]}", routes: [${routes.join(", ")}] }`,
    ),
  );
  await Promise.all(servers.map((server) => server.start()));
  await Promise.all(ports.slice(6).map(metaLeader));
  return {
    url: servers.map((server) => server.url).join(","),
    servers,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

function prepare(port: number, settings: string): NatsServer {
  const path = findNatsServer();
  if (path === undefined) throw new Error("Cannot start nats-server: it was not found");
  const dir = mkdtempSync(join(tmpdir(), "sluice-nats-"));
  const config = join(dir, "nats.conf");
  writeFileSync(
    config,
    `listen: "127.0.0.1:${port}"
     pid_file: "${dir}/nats.pid"
     jetstream { store_dir: "${dir}", max_mem: 256MB, max_file: 4GB }
     ${settings}`,
  );
  let child: ChildProcess | undefined;
  afterThisProcess('kill -9 "$(cat "$1/nats.pid")"; rm -rf "$1"', [dir]);

  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      const started = spawn(path, ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
      child = started;
      await ready(started);
    },
    async kill9() {
      await end(child, "SIGKILL");
    },
    async freeze() {
      if (child?.pid !== undefined) await freezeProcess(child.pid);
    },
    thaw() {
      child?.kill("SIGCONT");
    },
    async stop() {
      await end(child, "SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Resolves on the line "Server is ready", which is logged once clients and JetStream are served. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    const fail = (why: string) => {
      child.kill("SIGKILL");
      reject(new Error(`nats-server ${why}:\n${log}`));
    };
    const timer = setTimeout(() => fail(`was not ready within ${startMsMax} ms`), startMsMax);
    const ended = (code: number | null) => fail(`ended with code ${code}`);
    child.once("exit", ended);
    // It is read on, so that the server never waits for its log.
    child.stderr?.on("data", (chunk: unknown) => {
      if (log.length < 65_536) log += String(chunk);
      if (!log.includes("Server is ready")) return;
      clearTimeout(timer);
      child.off("exit", ended);
      resolve();
    });
  });
}

function end(child: ChildProcess | undefined, signal: "SIGKILL"): Promise<void> {
  return new Promise((resolve) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return resolve();
    }
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

async function metaLeader(monitorPort: number): Promise<void> {
  const deadline = Date.now() + startMsMax;
  while (Date.now() < deadline) {
    const answer: unknown = await fetch(`http://127.0.0.1:${monitorPort}/jsz`).then((response) =>
      response.json(),
    );
    if (hasLeader(answer)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The cluster elected no leader within ${startMsMax} ms`);
}

function hasLeader(answer: unknown): boolean {
  if (typeof answer !== "object" || answer === null || !("meta_cluster" in answer)) return false;
  const meta = answer.meta_cluster;
  if (typeof meta !== "object" || meta === null) return false;
  return (
    "leader" in meta && meta.leader !== "" && "cluster_size" in meta && meta.cluster_size === 3
  );
}

/** Different ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
