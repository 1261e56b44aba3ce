/** Several processes on the same two ports: `SLUICE_PROCESSES`, `sluice serve --processes`. */

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { freePort } from "../../support/port.ts";
import { readSse } from "../../support/sse.ts";
import { until } from "../../support/until.ts";

const main = join(import.meta.dir, "../../../src/main.ts");

interface ProcessStatus {
  readonly index: number;
  readonly pid: number;
  readonly restarts: number;
  readonly node: string;
  readonly hub: { readonly subscriptions: number };
}

function start(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  return startGateway({
    command: [process.execPath, main, "serve", "--processes", "2"],
    env: { SLUICE_DRAIN_GRACE_MS: "300", ...env },
  });
}

async function status({ url }: GatewayProcess): Promise<readonly ProcessStatus[]> {
  // Each request on a new connection, so that the kernel chooses a process for it.
  const response = await fetch(`${url}/status`, { keepalive: false });
  return ((await response.json()) as { processes: readonly ProcessStatus[] }).processes;
}

async function append({ url }: GatewayProcess, order: number): Promise<boolean> {
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify({ order }), keepalive: false };
  const sent = fetch(`${url}/v1/topics/orders/records`, init);
  return await sent.then(
    ({ status: code }) => code === 200,
    // The connection was one of the process that died.
    () => false,
  );
}

describe("two processes on the same ports", () => {
  test("one is killed: the other serves, it comes back, nothing acknowledged is lost", async () => {
    const gateway = await start();
    try {
      const before = await status(gateway);
      expect(before.map(({ index, restarts }) => [index, restarts])).toEqual([
        [0, 0],
        [1, 0],
      ]);
      expect(new Set(before.map(({ node }) => node)).size).toBe(2);
      const answered = new Set<number>();
      await until("both serve", 20_000, async () => {
        const response = await fetch(`${gateway.url}/status`, { keepalive: false });
        answered.add(((await response.json()) as { process: number }).process);
        return answered.size === 2;
      });

      let acknowledged = 0;
      for (let order = 0; order < 20; order++) if (await append(gateway, order)) acknowledged++;
      expect(acknowledged).toBe(20);
      const [{ pid } = { pid: 0 }] = before;
      process.kill(pid, "SIGKILL");
      for (let order = 20; order < 60; order++) if (await append(gateway, order)) acknowledged++;
      // At most those that the kernel had given to the process that died.
      expect(acknowledged).toBeGreaterThan(50);
      const after = await until("it is back", 30_000, async () => {
        const all = await status(gateway).catch(() => []);
        return all.length === 2 && all;
      });
      expect(after.map(({ restarts }) => restarts)).toEqual([1, 0]);
      expect(after[0]?.pid).not.toBe(pid);
      const page = await fetch(`${gateway.url}/v1/topics/orders/records?limit=100`);
      const { events } = (await page.json()) as { events: readonly unknown[] };
      expect(events.length).toBeGreaterThanOrEqual(acknowledged);
      expect(gateway.log()).toContain("a process of this gateway ended; restarting it");
    } finally {
      expect(await gateway.stop()).toBe(0);
    }
    expect(gateway.log().match(/"drained"/g)?.length).toBe(3);
  }, 90_000);

  test("a record that one takes is live on the other, and /status and /metrics are over all", async () => {
    const metricsPort = String(await freePort());
    const env = { SLUICE_MEMORY_BYTES: String(2 ** 30), SLUICE_METRICS_PORT: metricsPort };
    const gateway = await start(env);
    try {
      await append(gateway, 0);
      const streams = Array.from({ length: 8 }, () =>
        readSse(`${gateway.url}/v1/topics/orders/sse`),
      );
      const all = await until("both have subscribers", 20_000, async () => {
        const found = await status(gateway);
        const counts = found.map(({ hub }) => hub.subscriptions);
        return counts.reduce((sum, count) => sum + count, 0) === 8 && found;
      });
      expect(all.map(({ hub }) => hub.subscriptions > 0)).toEqual([true, true]);
      const transport = createGrpcTransport({ baseUrl: gateway.grpcUrl });
      const data = new TextEncoder().encode('{"order":1}');
      await createClient(CollectorService, transport).publish({
        topic: "orders",
        records: [{ value: data, contentType: "application/json" }],
      });
      for (const stream of streams) {
        const [event] = await stream.take(1);
        expect(event?.data).toBe('{"order":1}');
        await stream.close();
      }
      for (const url of [gateway.url, `http://127.0.0.1:${metricsPort}`]) {
        const metrics = await (await fetch(`${url}/metrics`, { keepalive: false })).text();
        const samples = metrics.match(/^process_resident_memory_bytes\{process="[01]"\} \d+$/gm);
        expect(samples).toHaveLength(2);
        expect(metrics.match(/^# HELP process_resident_memory_bytes/gm)).toHaveLength(1);
      }
      const { memory } = (await (await fetch(`${gateway.url}/status`)).json()) as {
        memory: { total_bytes: number };
      };
      expect(memory.total_bytes).toBe(2 ** 29);
    } finally {
      expect(await gateway.stop()).toBe(0);
    }
  }, 90_000);

  test("SIGTERM drains both: open streams end with their position, and readiness is announced", async () => {
    const gateway = await start();
    await append(gateway, 0);
    const stream = readSse(`${gateway.url}/v1/topics/orders/sse?after=earliest`);
    expect((await stream.take(1))[0]?.data).toBe('{"order":0}');
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    const exited = gateway.stop();
    await until("it is not ready", 5000, async () => {
      const response = await fetch(`${gateway.url}/readyz`, { keepalive: false });
      return response.status === 503;
    });
    expect(await exited).toBe(0);
    expect(gateway.log().match(/"grace_ms":300/g)?.length).toBe(2);
    // It ends, and is not cut off.
    await stream.rest();
  }, 60_000);

  test("a port that is taken is reported once", async () => {
    const holder = await start();
    try {
      const { port } = new URL(holder.url);
      const {
        status: code,
        stdout,
        stderr,
      } = spawnSync(process.execPath, [main, "serve", "--processes", "2"], {
        encoding: "utf8",
        timeout: 30_000,
        env: { ...process.env, SLUICE_PORT: port, SLUICE_GRPC_PORT: "0" },
      });
      expect([code, stdout, stderr]).toEqual([
        1,
        "",
        `Cannot listen on port ${port}: another program has it, set SLUICE_PORT to another one\n`,
      ]);
    } finally {
      expect(await holder.stop()).toBe(0);
    }
  }, 60_000);

  test("what keeps all of them from starting is reported once", async () => {
    const databaseUrl = `postgres://nobody@127.0.0.1:${await freePort()}/none`;
    const { status: code, stderr } = spawnSync(process.execPath, [main, "serve"], {
      encoding: "utf8",
      timeout: 30_000,
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        SLUICE_PROCESSES: "3",
        SLUICE_START_MS: "0",
        SLUICE_PORT: "0",
        SLUICE_GRPC_PORT: "0",
      },
    });
    expect(code).toBe(1);
    expect(stderr.match(/Cannot use PostgreSQL at/g)).toHaveLength(1);
  }, 60_000);

  test("processes of a killed parent end, and the next gateway finds everything", async () => {
    const gateway = await start();
    expect(await append(gateway, 7)).toBe(true);
    const pids = (await status(gateway)).map(({ pid }) => pid);
    await gateway.kill9();
    await until("its processes have ended", 15_000, () => pids.every((pid) => !isRunning(pid)));
    const next = await startGateway({ dataDir: gateway.dataDir });
    const page = await fetch(`${next.url}/v1/topics/orders/records`);
    expect(await page.json()).toMatchObject({ events: [{ data: { order: 7 } }] });
    expect(await next.stop()).toBe(0);
  }, 90_000);
});

test("a number of processes that is not one is refused", () => {
  const { status: code, stderr } = spawnSync(process.execPath, [main, "serve"], {
    encoding: "utf8",
    env: { ...process.env, SLUICE_PROCESSES: "many" },
  });
  expect(code).toBe(2);
  expect(stderr).toContain("SLUICE_PROCESSES");
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
