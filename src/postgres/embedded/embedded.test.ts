/** The real thing: real servers, on Bun and on Deno, one gateway at a time. */

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { connect } from "node:net";
import { networkInterfaces, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import {
  ask,
  cleanUp,
  failureOf,
  gateway,
  needs,
  processesOf,
  real,
  root,
  run,
  tempDir,
  timeoutMs,
} from "../../../test/support/embedded-gateway.ts";
import { freezeProcess } from "../../../test/support/freeze.ts";
import { postmasterOf } from "../../../test/support/postmaster.ts";
import { silent } from "../../core/logger.ts";
import { openCluster } from "./cluster.ts";
import { startEmbedded } from "./embedded.ts";
import { EmbeddedError } from "./error.ts";
import { freePort } from "./port.ts";
import { until } from "./process.ts";
import { launchServer, stopServer } from "./server.ts";

afterAll(cleanUp, timeoutMs);

describe("start", () => {
  real("makes a database in 2 s, opens it again in 1 s, and keeps what is in it", async () => {
    const dataDir = join(await tempDir(), "not", "there", "yet");
    const first = await gateway(dataDir);
    expect(first.outcome.ready?.version).toMatch(/^18\.\d+$/);
    // Six times what a quiet machine keeps (see the name): others may be busy on this one.
    expect(first.outcome.ready?.ms).toBeLessThan(12_000);
    await ask(first.url, "create table kept as select 7 as value");
    expect(await first.stop()).toBe(0);
    expect(await processesOf(dataDir)).toEqual([]);

    const second = await gateway(dataDir);
    expect(second.outcome.ready?.ms).toBeLessThan(6000);
    expect(await ask(second.url, "select value from kept")).toBe(7);
    expect((await readdir(dataDir)).sort()).toEqual([
      "postgres",
      "postgres.log",
      "postgres.password",
      "sluice.lock",
    ]);
    expect(await second.stop()).toBe(0);
  });

  real("is safe and durable: password, loopback, checksums, sync", async () => {
    const dataDir = await tempDir();
    const { url, stop } = await gateway(dataDir);
    const settings = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      data_checksums: "on",
      fsync: "on",
      full_page_writes: "on",
      synchronous_commit: "on",
      server_encoding: "UTF8",
      password_encryption: "scram-sha-256",
      max_connections: "60",
      jit: "off",
    };
    for (const [name, value] of Object.entries(settings)) {
      expect([name, await ask(url, `show ${name}`)]).toEqual([name, value]);
    }
    // A third of the memory that this process may use.
    const cacheMb = Number(
      await ask(url, "select setting::int / 128 from pg_settings where name = 'shared_buffers'"),
    );
    const thirdMb = Math.min(totalmem(), process.constrainedMemory() || Infinity) / 3 / 1024 ** 2;
    expect(cacheMb).toBe(Math.min(8192, Math.max(128, Math.floor(thirdMb))));
    expect(await ask(url, "select datlocale from pg_database where datname = 'postgres'")).toBe(
      "C.UTF-8",
    );
    expect(await ask(url, "select lower('É')")).toBe("é");
    expect((await stat(join(dataDir, "postgres.password"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, "postgres.log"))).mode & 0o777).toBe(0o600);
    const guess = url.replace(/:[0-9a-f]{64}@/, ":guess@");
    await expect(ask(guess, "select 1")).rejects.toMatchObject({ code: "28P01" });
    await stop();
  });

  real("has in memory what it had before it was stopped", async () => {
    const dataDir = await tempDir();
    const first = await gateway(dataDir);
    await ask(
      first.url,
      "create table warm as select n, repeat('x', 900) from generate_series(1, 5000) n",
    );
    await first.stop();
    const second = await gateway(dataDir);
    await ask(second.url, "create extension pg_buffercache");
    const pages = () =>
      ask(
        second.url,
        "select count(*)::int from pg_buffercache where relfilenode = pg_relation_filenode('warm')",
      );
    await until(async () => Number(await pages()) > 500, 5000);
    expect(await pages()).toBeGreaterThan(500);
    expect(await second.stop()).toBe(0);
  });

  real("can be cancelled", async () => {
    const dataDir = await tempDir();
    for (const ms of [0, 50, 300, 600]) {
      const signal = AbortSignal.timeout(ms);
      const error = await failureOf(
        startEmbedded({ dataDir, log: silent, signal }).then((started) =>
          started.stop().then(() => {
            throw new EmbeddedError("cancelled", "too quick to be cancelled");
          }),
        ),
      );
      expect(error.reason).toBe("cancelled");
      expect(await processesOf(dataDir)).toEqual([]);
      expect(existsSync(join(dataDir, "sluice.lock"))).toBe(false);
    }
  });

  const deno = [join(root, "node_modules/.bin/deno"), "run", "-A"];
  needs("deno in node_modules", existsSync(deno[0] ?? ""))("runs on Deno", async () => {
    const dataDir = await tempDir();
    const first = await gateway(dataDir, { runtime: deno });
    expect(first.outcome.failed).toBeUndefined();
    await first.kill9();
    const second = await gateway(dataDir, { runtime: deno });
    expect(second.url).toBe(first.url);
    process.kill(await postmasterOf(dataDir), "SIGKILL");
    await until(async () => second.logs().includes("restarted"), 5000);
    expect(await ask(second.url, "select 1")).toBe(1);
    expect(await second.stop()).toBe(0);
  });
});

describe("one gateway per data directory", () => {
  real(
    "the second gets an error that names the first; after kill -9 of the first the third starts",
    async () => {
      const dataDir = await tempDir();
      const first = await gateway(dataDir);
      const second = await gateway(dataDir);
      expect(second.outcome.failed?.reason).toBe("in_use");
      expect(second.outcome.failed?.message).toContain(
        `"${dataDir}": the gateway with pid ${first.pid} has it`,
      );
      expect(await ask(first.url, "select 1")).toBe(1);
      await first.kill9();
      const third = await gateway(dataDir);
      expect(third.outcome.failed).toBeUndefined();
      await third.stop();
    },
  );

  real("of several that start at once, on new data or after a kill, one starts", async () => {
    const dataDir = await tempDir();
    for (let round = 0; round < 3; round++) {
      const started = await Promise.all([1, 2, 3, 4].map(() => gateway(dataDir)));
      const winners = started.filter(({ outcome }) => outcome.ready !== undefined);
      expect(winners).toHaveLength(1);
      expect(new Set(started.map(({ outcome }) => outcome.failed?.reason))).toEqual(
        new Set(["in_use", undefined]),
      );
      await winners[0]?.kill9();
    }
  });
});

describe("stop", () => {
  real("happens once, however often it is called", async () => {
    const dataDir = await tempDir();
    const embedded = await startEmbedded({ dataDir, log: silent, durability: "test" });
    const client = postgres(embedded.url, { max: 1 });
    await client`select 1`;
    await Promise.all([embedded.stop(), embedded.stop()]);
    await embedded.stop();
    expect(await processesOf(dataDir)).toEqual([]);
    expect(existsSync(join(dataDir, "sluice.lock"))).toBe(false);
    await client.end({ timeout: 0 });
  });

  real("starts with the configured cache", async () => {
    const dataDir = await tempDir();
    const embedded = await startEmbedded({
      dataDir,
      log: silent,
      durability: "test",
      cacheMb: 48,
    });
    expect(await ask(embedded.url, "show shared_buffers")).toBe("48MB");
    await embedded.stop();
  });

  real("kills a server that does not respond", async () => {
    const dataDir = await tempDir();
    const cluster = await openCluster({ dataDir, log: silent, durability: "test" });
    const server = await launchServer(cluster, await freePort());
    await freezeProcess(server.pid);
    const began = performance.now();
    await stopServer(cluster, server);
    expect(performance.now() - began).toBeWithin(9000, 14_000);
    expect(await processesOf(dataDir)).toEqual([]);
    await cluster.unlock();
  });

  real("happens when a gateway exits without calling it", async () => {
    const dataDir = await tempDir();
    const started = await gateway(dataDir);
    expect(await started.exit()).toBe(3);
    expect(await until(async () => (await processesOf(dataDir)).length === 0, 5000)).toBe(true);
  });

  real("is not what Ctrl-C in the gateway's terminal does to the server", async () => {
    const dataDir = await tempDir();
    const started = await gateway(dataDir);
    const group = run(["ps", "-o", "pgid=", "-p", String(await postmasterOf(dataDir))]).trim();
    expect(Number(group)).toBe(await postmasterOf(dataDir));
    await started.stop();
  });
});

test(
  "nobody but this machine can connect",
  async () => {
    const dataDir = await tempDir();
    const embedded = await startEmbedded({ dataDir, log: silent, durability: "test" });
    const address = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
    const refused = await new Promise((settle) => {
      if (address === undefined) return settle("ECONNREFUSED");
      const socket = connect(Number(new URL(embedded.url).port), address, () =>
        settle("connected"),
      );
      socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code));
    });
    expect(refused).toBe("ECONNREFUSED");
    await embedded.stop();
  },
  timeoutMs,
);
