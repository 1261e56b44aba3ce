/** A gateway on a broker that tests freeze, kill and start again. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freezeProcess } from "../../support/freeze.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { testPostgres } from "../../support/postgres.ts";

export interface Rig extends AsyncDisposable {
  gateway: GatewayProcess;
  /** Suspends the broker: it accepts connections and answers nothing. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Kills the broker with SIGKILL. */
  kill(): Promise<void>;
  back(): Promise<void>;
  /** Kills the gateway with SIGKILL and starts another one on the same data. */
  killGateway(): Promise<void>;
}

export interface Kind {
  readonly name: string;
  readonly start: () => Promise<Rig>;
}

/** Why JetStream is skipped; undefined if it is not. */
export const skipReason = natsSkipReason();

/** A separate PostgreSQL server, because a gateway restarts its embedded one. */
export const kinds: readonly Kind[] = [
  { name: "PostgreSQL", start: onPostgres },
  ...(skipReason === undefined ? [{ name: "JetStream", start: onNats }] : []),
];

async function onPostgres(): Promise<Rig> {
  const server = await testPostgres();
  const database = await server.createDatabase();
  const env = { DATABASE_URL: database.url };
  // Backends keep running when only the postmaster is suspended, so each gets the signal.
  const processes = () => serverProcesses(Number(new URL(server.url).port));
  return await rigOf(env, {
    freeze: async () => {
      await Promise.all(processes().map(freezeProcess));
    },
    thaw: () => {
      for (const pid of processes()) process.kill(pid, "SIGCONT");
    },
    kill: () => server.kill9(),
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
      kill: () => nats.kill9(),
      back: () => nats.start(),
      end: () => nats.stop(),
    },
  );
}

async function rigOf(
  env: Readonly<Record<string, string>>,
  { end, ...broker }: Pick<Rig, "freeze" | "thaw" | "kill" | "back"> & { end(): Promise<void> },
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

/** Process ids of the postmaster that listens on the port, and of its children. */
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
    // The process has ended since, or has no such file.
    return "";
  }
}
