/** Gateways and servers are killed for real, and come back. */

import { afterAll, describe, expect } from "bun:test";
import { spawn } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import {
  ask,
  child,
  cleanUp,
  gateway,
  killServer,
  processesOf,
  real,
  root,
  tempDir,
  timeoutMs,
} from "../../../test/support/embedded-gateway.ts";
import { freezeProcess } from "../../../test/support/freeze.ts";
import { postmasterOf } from "../../../test/support/postmaster.ts";
import { type LogFields } from "../../core/logger.ts";
import { startEmbedded } from "./embedded.ts";
import { processIdentity, until } from "./process.ts";

afterAll(cleanUp, timeoutMs);

describe("after kill -9", () => {
  real("of the gateway: the next one adopts the server", async () => {
    const dataDir = await tempDir();
    const first = await gateway(dataDir);
    const postmaster = await postmasterOf(dataDir);
    await first.kill9();
    const second = await gateway(dataDir);
    expect(second.outcome.failed).toBeUndefined();
    expect(second.url).toBe(first.url);
    expect(second.outcome.ready?.version).toMatch(/^18\.\d+$/);
    expect(await postmasterOf(dataDir)).toBe(postmaster);

    // An adopted server is no child: that it dies has to be noticed all the same.
    process.kill(postmaster, "SIGKILL");
    await until(async () => second.logs().includes("restarted"), 5000);
    expect(await ask(second.url, "select 1")).toBe(1);
    expect(await second.stop()).toBe(0);
    expect(await processesOf(dataDir)).toEqual([]);
  });

  real(
    "of the gateway at any moment of its first start: the next one starts",
    async () => {
      for (const ms of [150, 250, 350, 450, 550, 650, 750, 850]) {
        const dataDir = await tempDir();
        const first = spawn(process.execPath, [join(root, child), dataDir], {
          stdio: ["pipe", "ignore", "ignore"],
        });
        await until(async () => false, ms);
        first.kill("SIGKILL");
        const second = await gateway(dataDir);
        expect(second.outcome.failed).toBeUndefined();
        expect(await ask(second.url, "select 1")).toBe(1);
        expect(await second.stop()).toBe(0);
      }
    },
    180_000,
  );

  real("of the gateway, the server hanging: the next one replaces it", async () => {
    const dataDir = await tempDir();
    const first = await gateway(dataDir);
    const postmaster = await postmasterOf(dataDir);
    await first.kill9();
    await freezeProcess(postmaster);
    const second = await gateway(dataDir);
    expect(second.outcome.failed).toBeUndefined();
    expect(await postmasterOf(dataDir)).not.toBe(postmaster);
    await second.stop();
  });

  real("of gateway and server: the pid file is stale", async () => {
    const dataDir = await tempDir();
    const first = await gateway(dataDir);
    await ask(first.url, "create table kept as select 7 as value");
    await first.kill9();
    process.kill(await postmasterOf(dataDir), "SIGKILL");
    const second = await gateway(dataDir);
    expect(second.outcome.failed).toBeUndefined();
    expect(await ask(second.url, "select value from kept")).toBe(7);
    await second.stop();
  });

  real("of both, and another program now has the server's pid", async () => {
    const dataDir = await tempDir();
    const first = await gateway(dataDir);
    await first.kill9();
    await killServer(dataDir);
    // Of the server's own user: of others PostgreSQL itself knows that they are not it.
    const { uid } = await stat(join(dataDir, "postgres"));
    const other = spawn("sleep", ["60"], process.getuid?.() === 0 ? { uid } : {});
    const pidFile = join(dataDir, "postgres", "postmaster.pid");
    const lines = (await readFile(pidFile, "utf8")).split("\n");
    await writeFile(pidFile, [other.pid, ...lines.slice(1)].join("\n"));
    const second = await gateway(dataDir);
    expect(second.outcome.failed).toBeUndefined();
    expect(await processIdentity(other.pid ?? 0)).toBeDefined();
    other.kill("SIGKILL");
    await second.stop();
  });

  real("of the server: restarted on its port, orphans ended, pools reconnect", async () => {
    const dataDir = await tempDir();
    const events: { message: string; fields: LogFields | undefined }[] = [];
    const log = (_: string, message: string, fields?: LogFields) =>
      void events.push({ message, fields });
    const embedded = await startEmbedded({ dataDir, log });
    const pool = postgres(embedded.url, { max: 2, connect_timeout: 2, backoff: () => 0.02 });
    await pool`create table kept as select 7 as value`;
    // A backend that does not see its postmaster die keeps the shared memory.
    const stuck = postgres(embedded.url, { max: 1 });
    const [row] = await stuck<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await freezeProcess(row?.pid ?? 0);

    const restarts = () =>
      events.filter(({ message }) => message === "restarted embedded PostgreSQL");
    for (let round = 1; round <= 3; round++) {
      process.kill(await postmasterOf(dataDir), "SIGKILL");
      await until(async () => restarts().length === round, 10_000);
      const back = await until(
        async () => (await pool`select value from kept`.catch(() => [])).length === 1,
        10_000,
      );
      expect(back).toBe(true);
    }
    expect(restarts()).toHaveLength(3);
    expect(new Set(restarts().map(({ fields }) => fields?.["port"]))).toEqual(
      new Set([Number(new URL(embedded.url).port)]),
    );
    expect(events.map(({ message }) => message)).toContain(
      "ended processes of an embedded PostgreSQL that had died",
    );
    await Promise.all([pool.end({ timeout: 1 }), stuck.end({ timeout: 0 })]);
    await embedded.stop();
    expect(await processesOf(dataDir)).toEqual([]);
  });

  real(
    "of the server, which cannot come back at first: retried with a growing delay, and stop ends that",
    async () => {
      const dataDir = await tempDir();
      const events: { message: string; fields: LogFields | undefined }[] = [];
      const log = (_: string, message: string, fields?: LogFields) =>
        void events.push({ message, fields });
      const failures = () =>
        events.filter(({ message }) => message === "embedded PostgreSQL does not restart");
      const embedded = await startEmbedded({ dataDir, log });
      const port = Number(new URL(embedded.url).port);
      process.kill(await postmasterOf(dataDir), "SIGKILL");
      const squatter = createServer();
      await until(
        () =>
          new Promise<boolean>((settle) =>
            squatter
              .once("error", () => settle(false))
              .listen(port, "127.0.0.1", () => settle(true)),
          ),
        5000,
      );
      await until(async () => failures().length >= 3, 10_000);
      expect(String(failures()[0]?.fields?.["error"])).toContain(
        `"127.0.0.1:${port}": another program has the port`,
      );
      const delays = failures().map(({ fields }) => Number(fields?.["retry_ms"]));
      expect(delays).toEqual([...delays].sort((a, b) => a - b));
      await new Promise((settle) => squatter.close(settle));
      await until(async () => (await ask(embedded.url, "select 1").catch(() => 0)) === 1, 10_000);

      process.kill(await postmasterOf(dataDir), "SIGKILL");
      await embedded.stop();
      expect(await processesOf(dataDir)).toEqual([]);
    },
  );
});
