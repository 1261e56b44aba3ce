/** How a gateway starts, or refuses to, and what it reports about itself. */

import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import postgres from "postgres";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../../src/gen/grpc/health/v1/health_pb.ts";
import { startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { testPostgres } from "../../support/postgres.ts";
import { pause } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "./gateways.ts";

const start = startingGateways();

/** The output of a gateway that does not become ready. */
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

describe("a start that fails", () => {
  test("all problems of the settings at once, without their secrets, and exit code 2", async () => {
    const said = await refusal({
      SLUICE_PORT: "99999",
      SLUICE_LOG_LEVEL: "loud",
      SLUICE_GUESTS: "maybe",
      SLUICE_HEARTBEAT_MS: "1.5",
      SLUICE_TYPO: "1",
      DATABASE_URL: "mysql://user:secret@db/name",
      NATS_URL: "nats://one:4222,http://two",
      KAFKA_BROKERS: "kafka:9092",
    });
    expect(said).toContain("ended with 2");
    expect(said).toContain("8 of the settings");
    for (const name of [
      "PORT=99999",
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
      `${setting} is taken: a clear error, and nothing is left running`,
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

  for (const setting of ["SLUICE_PORT", "SLUICE_GRPC_PORT"]) {
    test(
      `${setting} is taken by another gateway: they do not share it`,
      async () => {
        const first = await startGateway();
        try {
          const { port } = new URL(setting === "SLUICE_PORT" ? first.url : first.grpcUrl);
          const said = await refusal({ [setting]: port });
          expect(said).toContain("ended with 1");
          expect(said).toContain(`Cannot listen on port ${port}: another program has it`);
        } finally {
          await first.stop();
        }
      },
      timeoutMs,
    );
  }

  for (const settings of [
    { SLUICE_HOST: "192.0.2.1" },
    { SLUICE_HOST: "192.0.2.1", SLUICE_PROCESSES: "2" },
    { SLUICE_METRICS_HOST: "192.0.2.1", SLUICE_METRICS_PORT: "0" },
  ]) {
    const [setting] = Object.keys(settings);
    test(
      `an address that this machine does not have: ${JSON.stringify(settings)}`,
      async () => {
        const said = await refusal(settings);
        expect(said).toContain("ended with 1");
        expect(said).toContain(
          `Cannot listen on "192.0.2.1": this machine has no such address, set ${setting} to one that it has`,
        );
        expect(said).not.toMatch(/\n\s+at /);
      },
      timeoutMs,
    );
  }

  test(
    "a name that is not resolved is named beside the port",
    async () => {
      const said = await refusal({ SLUICE_HOST: "nowhere.invalid" });
      expect(said).toContain("ended with 1");
      expect(said).toContain(
        'another program has it, or "nowhere.invalid" is no name of this machine',
      );
    },
    timeoutMs,
  );

  const tooSoon = { SLUICE_START_MS: "500" };
  test.each([
    ["PostgreSQL", "DATABASE_URL", "postgres://user:secret@127.0.0.1:1/none"],
    ["NATS", "NATS_URL", "nats://user:secret@127.0.0.1:1"],
  ])(
    "%s cannot be reached: the error names host and reason, but not the password",
    async (name, setting, url) => {
      const said = await refusal({ ...tooSoon, [setting]: url });
      expect(said).toContain("ended with 1");
      expect(said).toContain(`Cannot use ${name} at 127.0.0.1:1: `);
      expect(said).toMatch(/ECONNREFUSED|connection refused/);
      expect(said).toContain(`expected ${setting} to name`);
      expect(said).not.toContain("secret");
      expect(said).not.toMatch(/\n\s+at /);
    },
    timeoutMs,
  );

  test.each([
    ["says nothing", ""],
    ["speaks HTTP", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"],
  ])(
    "what listens at the address %s: the start gives up and says so",
    async (_, greeting) => {
      const listener = createServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", () => socket.write(greeting));
      });
      await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
      const address = listener.address();
      const host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
      const database = await refusal({
        ...tooSoon,
        DATABASE_URL: `postgres://user:secret@${host}/none`,
      });
      expect(database).toContain("ended with 1");
      expect(database).toContain(`Cannot use PostgreSQL at ${host}: `);
      expect(database).not.toContain("secret");
      const broker = await refusal({ ...tooSoon, NATS_URL: `nats://user:secret@${host}` });
      expect(broker).toContain("ended with 1");
      expect(broker).toContain(`Cannot use NATS at ${host}: `);
      expect(broker).not.toContain("secret");
      listener.close();
    },
    timeoutMs,
  );

  test(
    "a wrong password and a missing database end the start at once, with PostgreSQL's code",
    async () => {
      const { url } = await testPostgres();
      const wrong = new URL(url);
      wrong.password = "secret";
      const said = await refusal({ DATABASE_URL: wrong.href });
      expect(said).toContain(`Cannot use PostgreSQL at ${wrong.host}: `);
      expect(said).toContain("(28P01)");
      expect(said).not.toContain("secret");
      const missing = new URL(url);
      missing.pathname = "/missing";
      const other = await refusal({ DATABASE_URL: missing.href });
      expect(other).toContain("(3D000)");
      expect(other).not.toContain(missing.password);
    },
    timeoutMs,
  );

  test("a % in a password that is no escape is a problem of the settings", async () => {
    const said = await refusal({
      DATABASE_URL: "postgres://user:50%secret@127.0.0.1:1/none",
      NATS_URL: "nats://user:50%secret@127.0.0.1:1",
    });
    expect(said).toContain("ended with 2");
    expect(said).toContain('DATABASE_URL: a "%" begins no escape, expected %25');
    expect(said).toContain('NATS_URL: a "%" begins no escape, expected %25');
    expect(said).not.toContain("secret");
    expect(said).not.toMatch(/\n\s+at /);
  });

  const skipReason = natsSkipReason();
  test.skipIf(skipReason !== undefined)(
    `NATS without JetStream: the error says that JetStream is missing${skipReason ?? ""}`,
    async () => {
      const nats = await startNats(
        "accounts { plain: { users: [{ user: plain, password: secret }] } }",
      );
      const said = await refusal({
        ...tooSoon,
        NATS_URL: `nats://plain:secret@127.0.0.1:${nats.port}`,
      });
      await nats.stop();
      expect(said).toContain(`Cannot use NATS at 127.0.0.1:${nats.port}: `);
      expect(said.toLowerCase()).toContain("jetstream");
      expect(said).not.toContain("secret");
    },
    timeoutMs,
  );
});

test(
  "a start waits for a PostgreSQL that is not there yet, and says so",
  async () => {
    const server = await testPostgres();
    await using database = await server.createDatabase();
    await server.kill9();
    const starting = start({ env: { DATABASE_URL: database.url } });
    await pause(3000);
    await server.start();
    const gateway = await starting;
    expect(gateway.log()).toContain("a service is unavailable; the start waits for it");
    await gateway.stop();
  },
  timeoutMs,
);

describe("what it reports about itself", () => {
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

  test(
    "readiness takes as long with 100,000 topics as with none",
    async () => {
      await using database = await (await testPostgres()).createDatabase();
      const gateway = await start({ env: { DATABASE_URL: database.url } });
      const sql = postgres(database.url, { max: 1 });
      await sql`
        insert into sluice.log_topics (name, epoch, layout, retention_ms, retention_bytes)
        select 'many.' || n, 1, 'records', 0, 0 from generate_series(1, 100000) n`;
      await sql.end();
      const tookMs: number[] = [];
      for (let i = 0; i < 4; i++) {
        // A check is reused for a second.
        await pause(1100);
        const asked = performance.now();
        expect((await ask("GET", `${gateway.url}/readyz`)).status).toBe(200);
        tookMs.push(performance.now() - asked);
      }
      // Listing them takes 300 ms and more.
      expect(Math.min(...tookMs)).toBeLessThan(100);
      await gateway.stop();
    },
    timeoutMs,
  );

  test(
    "its log has lines of JSON only, whatever the runtime warns of",
    async () => {
      const gateway = await start();
      const session = connectHttp2(gateway.grpcUrl);
      const stream = session.request({
        ":method": "POST",
        ":path": "/grpc.health.v1.Health/Check",
        "content-type": "application/grpc",
        // More than a timer can wait.
        "grpc-timeout": "600H",
      });
      stream.resume().end(Buffer.alloc(5));
      await new Promise((resolve) => stream.on("close", resolve));
      session.close();
      await gateway.stop();
      const lines = gateway
        .log()
        .split("\n")
        .filter((line) => line !== "");
      expect(lines.map((line) => JSON.parse(line))).toContainEqual(
        expect.objectContaining({ level: "warn", message: "the runtime warns" }),
      );
    },
    timeoutMs,
  );
});
