/** How a gateway comes, goes, is killed, and does without its services for a while. */

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../../src/gen/grpc/health/v1/health_pb.ts";
import { type GatewayOptions, type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { testPostgres } from "../../support/postgres.ts";
import { postmasterOf } from "../../support/postmaster.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause, until, within } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";

const timeoutMs = 60_000;
const drainMsMax = 10_000;

const started: GatewayProcess[] = [];
afterEach(async () => {
  const gateways = started.splice(0);
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  for (const gateway of gateways) {
    for (const line of gateway
      .log()
      .split("\n")
      .filter((one) => one !== "")) {
      expect(JSON.parse(line)).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: expect.stringMatching(/^(debug|info|warn|error)$/),
        message: expect.any(String),
      });
    }
  }
}, 30_000);

async function start(options: GatewayOptions = {}): Promise<GatewayProcess> {
  const gateway = await startGateway(options);
  started.push(gateway);
  return gateway;
}

/** What it said instead of becoming ready. */
async function refusal(env: Record<string, string>): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), "sluice-test-"));
  try {
    return await startGateway({ env, dataDir }).then(
      async (gateway) => `It started: ${await gateway.stop()}`,
      (error: Error) => error.message,
    );
  } finally {
    expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(false);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

describe("a start that cannot be", () => {
  test("all problems of its settings at once, no secret of theirs, and exit code 2", async () => {
    const said = await refusal({
      SLUICE_PORT: "99999",
      SLUICE_HOST: "0.0.0.0",
      SLUICE_LOG_LEVEL: "loud",
      SLUICE_GUESTS: "maybe",
      SLUICE_HEARTBEAT_MS: "1.5",
      SLUICE_TYPO: "1",
      DATABASE_URL: "mysql://user:secret@db/name",
      NATS_URL: "nats://one:4222,http://two",
      KAFKA_BROKERS: "kafka:9092",
    });
    expect(said).toContain("ended with 2");
    expect(said).toContain("9 of the settings");
    for (const name of [
      "PORT=99999",
      "HOST=0.0.0.0",
      "LOG_LEVEL=loud",
      "GUESTS=maybe",
      "HEARTBEAT_MS=1.5",
      "TYPO",
    ]) {
      expect(said).toContain(`SLUICE_${name}`);
    }
    for (const name of ["DATABASE_URL:", "NATS_URL:", "KAFKA_BROKERS"]) {
      expect(said).toContain(name);
    }
    expect(said).not.toContain("secret");
    expect(said).not.toMatch(/\n\s+at /);
  });

  for (const setting of ["SLUICE_PORT", "SLUICE_GRPC_PORT"]) {
    test(
      `${setting} is taken: said in words, and nothing is left running`,
      async () => {
        const holder = createServer();
        await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
        const address = holder.address();
        const port = typeof address === "object" && address !== null ? address.port : 0;
        const said = await refusal({ [setting]: String(port) });
        holder.close();
        expect(said).toContain("ended with 1");
        expect(said).toContain(
          `Cannot listen on port ${port}: another program has it, set ${setting} to another one`,
        );
        expect(said).not.toMatch(/\n\s+at /);
      },
      timeoutMs,
    );
  }

  test(
    "a database or a broker that is not there is named, not its password",
    async () => {
      const said = await refusal({ DATABASE_URL: "postgres://user:secret@127.0.0.1:1/none" });
      expect(said).toContain("ended with 1");
      expect(said).not.toContain("secret");
      const broker = await refusal({ NATS_URL: "nats://user:secret@127.0.0.1:1" });
      expect(broker).toContain("ended with 1");
      expect(broker).not.toContain("secret");
    },
    timeoutMs,
  );
});

describe("what it says of itself", () => {
  test(
    "/livez, /readyz, /status",
    async () => {
      const gateway = await start();
      expect((await ask("GET", `${gateway.url}/livez`)).json).toEqual({ status: "up" });
      expect((await ask("GET", `${gateway.url}/readyz`)).json).toEqual({ status: "ready" });
      const status = (await ask("GET", `${gateway.url}/status`)).json;
      expect(status).toMatchObject({
        status: "up",
        node: expect.any(String),
        runtime: expect.stringContaining("bun"),
        log: "postgres",
        hub: { topics: 0, subscriptions: 0, window_bytes: 0 },
        ingest: { in_flight_bytes: 0 },
        emitters: { guests: 0, behind_ms: expect.any(Number) },
        projections: ["emitter-pages", "lifecycle", "measurements"].map((name) => {
          return expect.objectContaining({ name, failures: 0 });
        }),
      });
      expect(status.memory_bytes).toBeGreaterThan(1e6);
    },
    timeoutMs,
  );

  test(
    "gRPC health: check, an unknown service, watch",
    async () => {
      const gateway = await start();
      const client = createClient(Health, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
      expect((await client.check({})).status).toBe(ServingStatus.SERVING);
      expect((await client.check({ service: "grpc.health.v1.Health" })).status).toBe(
        ServingStatus.SERVING,
      );
      const unknown = await client.check({ service: "none" }).then(
        () => undefined,
        (error: unknown) => ConnectError.from(error).code,
      );
      expect(unknown).toBe(Code.NotFound);
      const cut = new AbortController();
      const seen: ServingStatus[] = [];
      for await (const { status } of client.watch({}, { signal: cut.signal, timeoutMs: 10_000 })) {
        seen.push(status);
        break;
      }
      cut.abort();
      expect(seen).toEqual([ServingStatus.SERVING]);
    },
    timeoutMs,
  );
});

describe("SIGTERM", () => {
  test(
    "answers what is in flight, tells every stream where it stood, and exits 0",
    async () => {
      const gateway = await start();
      const { id } = (await ask("PUT", `${gateway.url}/log`, { body: `{"source":"external"}` }))
        .json;
      const last = (await post(`${gateway.url}/log/${id}`, [1, 2, 3])).json.position;
      const sse = await openSse(`${gateway.url}/sse/log/${id}?after=earliest`);
      await sse.take(3);
      const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
      ws.say({ op: "subscribe", emitter: id, tail: 1 });
      await ws.nextThat(({ op }) => op === "events");
      const ticking = await openSse(`${gateway.url}/time`);
      const answer = halfPosted(gateway.url, `/log/${id}`, `{"n":4}`);
      await pause(1000);

      const asked = performance.now();
      const exited = gateway.stop();
      const error = await sse.next();
      expect(error).toMatchObject({ event: "error" });
      expect(JSON.parse(error?.data ?? "")).toMatchObject({ code: "shutting_down", status: 503 });
      expect((error?.id ?? "") >= last).toBe(true);
      expect(await sse.next()).toBeUndefined();
      const told = await ws.nextThat(({ op }) => op === "closed");
      expect(told).toMatchObject({
        emitter: id,
        position: error?.id,
        problem: { code: "shutting_down" },
      });
      expect(await ws.closed).toMatchObject({ code: 1001 });
      await within("the ticker to end", 5000, ticking.ended);

      answer.finish();
      expect(await answer.status).toBe(200);
      expect(await exited).toBe(0);
      expect(performance.now() - asked).toBeLessThan(drainMsMax);

      const next = await start({ dataDir: gateway.dataDir });
      const resumed = await openSse(`${next.url}/sse/log/${id}`, {
        headers: { "last-event-id": error?.id ?? "" },
      });
      expect((await resumed.take(1)).map(({ event, data }) => [event, data])).toEqual([
        ["message", `{"n":4}`],
      ]);
      resumed.close();
    },
    timeoutMs,
  );

  test(
    "does not wait for ever for those who never finish or never read",
    async () => {
      const gateway = await start();
      const { id } = (await ask("PUT", `${gateway.url}/log`, { body: `{"rate":100}` })).json;
      halfPosted(gateway.url, `/log/${id}`, `{"n":4}`).status.catch(() => {});
      const streams = await Promise.all(
        Array.from({ length: 200 }, () => openSse(`${gateway.url}/sse/log/${id}`)),
      );
      const idle = connect(Number(new URL(gateway.url).port), "127.0.0.1");
      const watch = createClient(Health, createGrpcTransport({ baseUrl: gateway.grpcUrl })).watch(
        {},
      );
      await watch[Symbol.asyncIterator]().next();
      await pause(500);
      const asked = performance.now();
      expect(await gateway.stop()).toBe(0);
      expect(performance.now() - asked).toBeLessThan(drainMsMax);
      await Promise.all(streams.map((stream) => stream.ended));
      idle.destroy();
      expect(existsSync(join(gateway.dataDir, "postgres", "postmaster.pid"))).toBe(false);
    },
    timeoutMs,
  );

  test(
    "twice, and SIGINT with it, is no more than once",
    async () => {
      const gateway = await start();
      const exited = gateway.stop();
      process.kill(gateway.pid, "SIGTERM");
      process.kill(gateway.pid, "SIGINT");
      expect(await exited).toBe(0);
    },
    timeoutMs,
  );
});

/** A request whose body is half there until `finish` is called. */
function halfPosted(
  url: string,
  path: string,
  body: string,
): { finish(): void; readonly status: Promise<number> } {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(head + body.slice(0, 3));
  const status = new Promise<number>((resolve, reject) => {
    let text = "";
    socket.on("data", (data: Buffer) => {
      text += data.toString();
      resolve(Number(text.split(" ")[1]));
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`Closed without an answer: ${text}`)));
  });
  return { finish: () => void socket.write(body.slice(3)), status };
}

describe("kill -9", () => {
  test(
    "the next start finds everything as it was",
    async () => {
      const first = await start();
      const { id } = (await ask("PUT", `${first.url}/log`, { body: `{"source":"external"}` })).json;
      const guest = (await ask("PUT", `${first.url}/log`, { body: `{"rate":20}` })).json.id;
      const settings = JSON.stringify({ layout: "frames", retention_ms: 3_600_000 });
      await ask("PUT", `${first.url}/v1/topics/kept`, { body: settings });
      const positions: string[] = [];
      for (let n = 0; n < 20; n++) {
        positions.push(
          (await post(`${first.url}/log/${id}`, { n }, { "idempotency-key": `k${n}` })).json
            .position,
        );
        await post(`${first.url}/v1/topics/kept/records`, { n });
      }
      await until(
        "the guest",
        5000,
        async () => (await ask("GET", `${first.url}/log/${guest}`)).json.events.length > 5,
      );
      await first.kill9();

      const second = await start({ dataDir: first.dataDir });
      const page = (await ask("GET", `${second.url}/log/${id}`)).json;
      expect(page.events.map(({ position }: { position: string }) => position)).toEqual(positions);
      const kept = (await ask("GET", `${second.url}/v1/topics/kept/records`)).json;
      expect(kept.events.map(({ data }: { data: { n: number } }) => data.n)).toEqual(
        Array.from({ length: 20 }, (_, n) => n),
      );
      expect((await ask("PUT", `${second.url}/v1/topics/kept`, { body: settings })).status).toBe(
        200,
      );
      const again = await post(`${second.url}/log/${id}`, { n: 19 }, { "idempotency-key": "k19" });
      expect(again.json.position).toBe(positions.at(-1));
      const stream = await openSse(`${second.url}/sse/log/${id}?after=${positions[17]}`);
      expect((await stream.take(2)).map(({ data }) => data)).toEqual([`{"n":18}`, `{"n":19}`]);
      stream.close();

      const before = (await ask("GET", `${second.url}/log/${guest}?limit=1`)).json.events[0].data.n;
      const all = await until("the guest to go on", 8000, async () => {
        const { json } = await ask("GET", `${second.url}/log/${guest}?after=earliest&limit=1000`);
        return json.events.length > before + 5 ? json.events : undefined;
      });
      expect(all.map(({ data }: { data: { n: number } }) => data.n)).toEqual(
        all.map((_: unknown, i: number) => i + 1),
      );
    },
    timeoutMs,
  );

  test(
    "of the embedded PostgreSQL: the gateway starts it again, and what was acknowledged is there",
    async () => {
      const gateway = await start();
      await withOutage(gateway, async () => {
        process.kill(await postmasterOf(gateway.dataDir), "SIGKILL");
        await pause(2000);
      });
    },
    timeoutMs,
  );
});

describe("a service that is away for seconds", () => {
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
      // It has to be gone before its database can be dropped.
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
  await until("/readyz to tell", 10_000, async () => {
    const { status, headers, json } = await ask("GET", `${gateway.url}/readyz`);
    if (status === 200) return false;
    expect([status, json.code, headers.get("content-type")]).toEqual([
      503,
      "unavailable",
      "application/problem+json",
    ]);
    expect(json.detail).toContain("away");
    return true;
  });
  expect((await ask("GET", `${gateway.url}/livez`)).status).toBe(200);
  expect((await ask("GET", `${gateway.url}/status`)).status).toBe(200);
}

/**
 * Appends and follows throughout. Every append is acknowledged or refused as something to try
 * again; the stream and the log have what was acknowledged. Resolves to how many were refused.
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
  // A refused one may be there: nobody knew. What is there came over the stream once and in order.
  const live = kept.slice(kept.indexOf(received[0] ?? Number.NaN));
  expect(received).toEqual(live);
  expect(new Set(kept).size).toBe(kept.length);
  expect(acknowledged.filter((n) => !kept.includes(n))).toEqual([]);
  return refused;
}
