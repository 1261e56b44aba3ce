/** Helpers for tests of the embedded PostgreSQL: gateways as processes, temporary directories. */

import { test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { chmod, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { EmbeddedError } from "../../src/postgres/embedded/error.ts";
import { readPidFile } from "../../src/postgres/embedded/pidfile.ts";
import { clusterProcesses, reapOrphans } from "../../src/postgres/embedded/process.ts";

export const root = resolve(import.meta.dirname, "../..");
export const child = "test/support/postgres-child.ts";
const inCi = process.env["CI"] === "true";
/** Prefix that runs a command as root; undefined if this user cannot. */
export const asRoot = rootPrefix();
export const unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
export const timeoutMs = 60_000;

/** A test that needs something of the machine. Without it the test is skipped; in CI it fails. */
export function needs(what: string, present: boolean) {
  return (name: string, body: () => Promise<void>) => {
    if (present) return test(name, body, timeoutMs);
    if (!inCi) return test.skip(`${name} (skipped: needs ${what})`, body);
    return test(name, () => {
      throw new Error(`Cannot run "${name}": this machine has no ${what}, expected in CI`);
    });
  };
}
export const rootTest = needs("root, or sudo without a password", asRoot !== undefined);
export const real = (name: string, body: () => Promise<void>, ms = timeoutMs) =>
  test(name, body, ms);

export const cleanups: (() => Promise<void>)[] = [];
/** For the `afterAll` of each test file. */
export async function cleanUp(): Promise<void> {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
}

export async function tempDir(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-embedded-"));
  await chmod(directory, 0o755);
  cleanups.push(async () => {
    for (const name of await readdir(directory, { recursive: true })) {
      if (name.endsWith("postmaster.pid")) await killServer(join(directory, name, "../.."));
    }
    run([...(asRoot ?? []), "rm", "-rf", directory]);
  });
  return directory;
}

export async function killServer(dataDir: string): Promise<void> {
  const cluster = join(dataDir, "postgres");
  const pid = (await readPidFile(cluster))?.pid;
  if (pid !== undefined && (await clusterProcesses(cluster)).includes(pid)) {
    process.kill(pid, "SIGKILL");
  }
  await reapOrphans(cluster);
}

interface Outcome {
  readonly ready?: {
    readonly pid: number;
    readonly url: string;
    readonly version: string;
    readonly ms: number;
  };
  readonly failed?: { readonly reason?: string; readonly message: string };
}

/** A gateway as a separate process; see the file that it runs. */
export async function gateway(
  dataDir: string,
  options: { prefix?: string[]; runtime?: string[]; checkout?: string; port?: number } = {},
) {
  const { prefix = [], runtime = [process.execPath], checkout = root, port = 0 } = options;
  const command = [...prefix, ...runtime, join(checkout, child), dataDir, String(port)];
  const process_ = spawn(command[0] ?? "", command.slice(1), {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: "/",
  });
  const ended = new Promise<number | null>((settle) => process_.once("close", settle));
  let logs = "";
  process_.stderr.on("data", (chunk) => (logs += String(chunk)));
  const line = new Promise<string>((settle) => {
    let text = "";
    process_.stdout.on("data", (chunk) => {
      text += String(chunk);
      if (text.includes("\n")) settle(text);
    });
    void ended.then(() => settle(text));
  });
  const text = await line;
  if (text === "") throw new Error(`The child printed nothing: ${logs}`);
  const outcome: Outcome = JSON.parse(text);
  return {
    pid: outcome.ready?.pid ?? 0,
    outcome,
    url: outcome.ready?.url ?? "",
    logs: () => logs,
    kill9: async () => {
      // The command may be a wrapper of the gateway.
      if (outcome.ready !== undefined) process.kill(outcome.ready.pid, "SIGKILL");
      await ended;
    },
    exit: async () => {
      process_.stdin.write("exit\n");
      return await ended;
    },
    stop: async () => {
      process_.stdin.end();
      return await ended;
    },
  };
}

/** The first column of the first row. */
export async function ask(url: string, statement: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 5 });
  try {
    const [row] = await sql.unsafe(statement).values();
    return Array.isArray(row) ? row[0] : undefined;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

export async function failureOf(promise: Promise<unknown>): Promise<EmbeddedError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof EmbeddedError) return error;
  throw new Error(`Expected an EmbeddedError, got ${String(error)}`);
}

export const processesOf = (dataDir: string) => clusterProcesses(join(dataDir, "postgres"));

export function run(command: readonly string[]) {
  const [file = "", ...args] = command;
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot run "${command.join(" ")}": ${stderr || stdout}`);
  return stdout;
}

function rootPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n"] : undefined;
}
