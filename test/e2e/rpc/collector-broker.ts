/** A gateway on a broker that can be stopped, killed and brought back under it. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freezeProcess } from "../../support/freeze.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { testPostgres } from "../../support/postgres.ts";

export interface Rig extends AsyncDisposable {
  gateway: GatewayProcess;
  /** The broker is there and does nothing. */
  freeze(): Promise<void>;
  thaw(): void;
  /** The broker is gone, as after `kill -9`. */
  away(): Promise<void>;
  back(): Promise<void>;
  /** `kill -9` of the gateway; another one goes on with what it left. */
  killGateway(): Promise<void>;
}

export interface Kind {
  readonly name: string;
  readonly start: () => Promise<Rig>;
}

/** Why JetStream is left out; undefined where it is not. */
export const skipReason = natsSkipReason();

/** PostgreSQL is a server of its own here: the embedded one is started again by its gateway. */
export const kinds: readonly Kind[] = [
  { name: "PostgreSQL", start: onPostgres },
  ...(skipReason === undefined ? [{ name: "JetStream", start: onNats }] : []),
];

async function onPostgres(): Promise<Rig> {
  const server = await testPostgres();
  const database = await server.createDatabase();
  const env = { DATABASE_URL: database.url };
  // Its backends go on without it, so each is told.
  const processes = () => serverProcesses(Number(new URL(server.url).port));
  return await rigOf(env, {
    freeze: async () => {
      await Promise.all(processes().map(freezeProcess));
    },
    thaw: () => {
      for (const pid of processes()) process.kill(pid, "SIGCONT");
    },
    away: () => server.kill9(),
    back: () => server.start(),
    end: () => database.drop(),
  });
}

async function onNats(): Promise<Rig> {
  const nats = await startNats();
  return await rigOf(
    { NATS_URL: nats.url },
    {
      freeze: () => nats.freeze(),
      thaw: () => nats.thaw(),
      away: () => nats.kill9(),
      back: () => nats.start(),
      end: () => nats.stop(),
    },
  );
}

async function rigOf(
  env: Readonly<Record<string, string>>,
  { end, ...broker }: Pick<Rig, "freeze" | "thaw" | "away" | "back"> & { end(): Promise<void> },
): Promise<Rig> {
  const rig: Rig = {
    ...broker,
    gateway: await startGateway({ env }),
    async killGateway() {
      const { dataDir } = rig.gateway;
      await rig.gateway.kill9();
      rig.gateway = await startGateway({ env, dataDir });
    },
    async [Symbol.asyncDispose]() {
      await rig.gateway.stop();
      await end();
    },
  };
  return rig;
}

/** The postmaster that listens on the port, and its children. */
function serverProcesses(port: number): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const processes = pids.flatMap((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    return stat.includes("(postgres)") ? [{ pid: Number(pid), parent: Number(parent) }] : [];
  });
  const postmaster = processes.find(({ pid }) => {
    const directory = /-D\0([^\0]+)/.exec(read(`/proc/${pid}/cmdline`))?.[1];
    if (directory === undefined) return false;
    const lines = read(join(directory, "postmaster.pid")).split("\n");
    return Number(lines[0]) === pid && Number(lines[3]) === port;
  });
  if (postmaster === undefined) throw new Error(`No PostgreSQL listens on port ${port}`);
  const { pid: parent } = postmaster;
  return [parent, ...processes.filter((one) => one.parent === parent).map(({ pid }) => pid)];
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended meanwhile, or has no such file.
    return "";
  }
}
