/** A gateway whose PostgreSQL or broker is unavailable for seconds. */

import { describe, expect, test } from "bun:test";
import postgres from "postgres";
import type { GatewayProcess } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { testPostgres } from "../../support/postgres.ts";
import { postmasterOf } from "../../support/postmaster.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause, until } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "./gateways.ts";

const start = startingGateways();

describe("a service that is unavailable for seconds", () => {
  test(
    "the embedded PostgreSQL, killed: the gateway restarts it, and what was acknowledged is stored",
    async () => {
      const gateway = await start();
      await withOutage(gateway, async () => {
        process.kill(await postmasterOf(gateway.dataDir), "SIGKILL");
        await pause(2000);
      });
    },
    timeoutMs,
  );

  test(
    "PostgreSQL",
    async () => {
      const server = await testPostgres();
      await using database = await server.createDatabase();
      const gateway = await start({ env: { DATABASE_URL: database.url } });
      const refused = await withOutage(gateway, async () => {
        await server.kill9();
        await isNotReady(gateway);
        await pause(2000);
        await server.start();
      });
      expect(refused).toBeGreaterThan(0);
      // It must stop before its database can be dropped.
      await gateway.stop();
    },
    timeoutMs,
  );

  const skipReason = natsSkipReason();
  if (skipReason === undefined) {
    for (const how of ["killed", "frozen"]) {
      test(
        `nats-server, ${how}`,
        async () => {
          const nats = await startNats();
          const gateway = await start({ env: { NATS_URL: nats.url } });
          const refused = await withOutage(gateway, async () => {
            if (how === "killed") await nats.kill9();
            else await nats.freeze();
            await isNotReady(gateway);
            await pause(2000);
            if (how === "killed") await nats.start();
            else nats.thaw();
          });
          if (how === "killed") expect(refused).toBeGreaterThan(0);
          await gateway.stop();
          await nats.stop();
        },
        timeoutMs,
      );
    }
  } else test.skip(`nats-server: ${skipReason}`, () => {});
});

async function isNotReady(gateway: GatewayProcess): Promise<void> {
  await until("/readyz to report it", 10_000, async () => {
    const { status, headers, json } = await ask("GET", `${gateway.url}/readyz`);
    if (status === 200) return false;
    expect([status, json.code, headers.get("content-type")]).toEqual([
      503,
      "unavailable",
      "application/problem+json",
    ]);
    expect(json.detail).toContain("is unavailable");
    return true;
  });
  expect((await ask("GET", `${gateway.url}/livez`)).status).toBe(200);
  expect((await ask("GET", `${gateway.url}/status`)).status).toBe(200);
}

/**
 * Appends and subscribes throughout. Every append is acknowledged, or refused as retryable. The stream
 * and the log have everything acknowledged. Resolves with the number of refused appends.
 */
async function withOutage(gateway: GatewayProcess, outage: () => Promise<void>): Promise<number> {
  const at = `${gateway.url}/v1/topics/outage`;
  const acknowledged: number[] = [];
  let refused = 0;
  let over = false;
  await post(`${at}/records`, { n: 0 });
  const received: number[] = [];
  const stream = await openSse(`${at}/sse`, {
    onEvent: ({ event, data }) =>
      received.push(event === "message" ? JSON.parse(data).n : Number.NaN),
  });
  const appending = Promise.all(
    [1, 2, 3].map(async (producer) => {
      for (let i = 1; !over; i++) {
        const n = producer * 1_000_000 + i;
        const { status, headers, json } = await ask("POST", `${at}/records`, {
          body: `{"n":${n}}`,
          msMax: 40_000,
        });
        if (status === 200) acknowledged.push(n);
        else {
          refused++;
          expect([status, json.code]).toEqual([503, "unavailable"]);
          expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
        }
        await pause(10);
      }
    }),
  );
  await pause(500);
  await outage();
  await until(
    "it to be ready again",
    30_000,
    async () => (await ask("GET", `${gateway.url}/readyz`)).status === 200,
  );
  const before = acknowledged.length;
  await until("appends to be acknowledged again", 20_000, () => acknowledged.length > before + 20);
  over = true;
  await appending;
  await until("the stream to have what was acknowledged", 20_000, () => {
    const got = new Set(received);
    return acknowledged.every((n) => got.has(n));
  });
  stream.close();

  const kept: number[] = [];
  for (let after: string | null = "earliest"; after !== null;) {
    const { json } = await ask("GET", `${at}/records?limit=1000&after=${after}`);
    kept.push(...json.events.map(({ data }: { data: { n: number } }) => data.n));
    after = json.next;
  }
  // A refused one may be stored all the same. The stream sent everything stored, once and in order.
  const live = kept.slice(kept.indexOf(received[0] ?? Number.NaN));
  expect(received).toEqual(live);
  expect(new Set(kept).size).toBe(kept.length);
  expect(acknowledged.filter((n) => !kept.includes(n))).toEqual([]);
  return refused;
}

describe("appends fail while the services answer", () => {
  test(
    "the database's disk is full: ready with a warning, in the status and the log, until an append succeeds",
    async () => {
      await using database = await (await testPostgres()).createDatabase();
      const gateway = await start({ env: { DATABASE_URL: database.url } });
      const records = `${gateway.url}/v1/topics/orders/records`;
      expect((await post(records, { n: 1 })).status).toBe(200);
      const sql = postgres(database.url, { max: 1, onnotice: () => {} });
      // What PostgreSQL reports when a table cannot grow.
      await sql.unsafe(`
        create function sluice.full() returns trigger language plpgsql as
          $$ begin raise 'could not extend file' using errcode = 'disk_full'; end $$;
        create trigger full_disk before insert on sluice.log_entries
          for each statement execute function sluice.full()`);
      expect((await post(records, { n: 2 })).status).toBe(503);
      await isWarned(gateway, "orders");
      await sql.unsafe("drop function sluice.full() cascade");
      await sql.end();
      expect((await post(records, { n: 3 })).status).toBe(200);
      expect((await ask("GET", `${gateway.url}/readyz`)).json).toEqual({ status: "ready" });
      expect(gateway.log()).toContain("appends succeed again");
      await gateway.stop();
    },
    timeoutMs,
  );

  const skipReason = natsSkipReason();
  test.skipIf(skipReason !== undefined)(
    `the JetStream account is full: the same, and the topic that filled it keeps no other from being written${skipReason ?? ""}`,
    async () => {
      const nats = await startNats(`
        accounts { small: { jetstream: { max_file: 8MB }, users: [{ user: u, password: p }] } }`);
      const gateway = await start({
        env: { NATS_URL: `nats://u:p@127.0.0.1:${nats.port}`, SLUICE_GUESTS: "0" },
      });
      const body = JSON.stringify({ text: "x".repeat(500_000) });
      const answers = await until("an append to fail", 20_000, async () => {
        const { status } = await ask("POST", `${gateway.url}/v1/topics/orders/records`, { body });
        return status === 503;
      });
      expect(answers).toBe(true);
      await isWarned(gateway, "orders");
      // The topic that filled the account keeps its share of it, though nobody writes it any more.
      await until("another topic to be written", 20_000, async () => {
        const other = `${gateway.url}/v1/topics/other/records`;
        return (await ask("POST", other, { body })).status === 200;
      });
      const { json } = await ask("GET", `${gateway.url}/v1/topics/orders`);
      expect(json.bytes).toBeLessThanOrEqual(1_000_000 + 500_000);
      expect(json.bytes).toBeGreaterThan(400_000);
      await gateway.stop();
      await nats.stop();
    },
    timeoutMs,
  );
});

async function isWarned(gateway: GatewayProcess, topic: string): Promise<void> {
  const ready = await ask("GET", `${gateway.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(ready.json).toEqual({
    status: "ready",
    warning: expect.stringMatching(/^Appends to \d+ topics fail: /),
  });
  const { appends } = (await ask("GET", `${gateway.url}/status`)).json;
  expect(appends.failing_topics).toBeGreaterThan(0);
  expect(appends.last_failure).toBeString();
  const lines = gateway.log().split("\n");
  expect(lines.some((line) => line.includes('"appends fail"') && line.includes(topic))).toBe(true);
}
