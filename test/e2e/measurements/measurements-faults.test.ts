/** Acknowledged measurements are stored once, also when the gateway or a service is killed. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "../../../src/postgres/connect.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask, post } from "../../support/http.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, type TestPostgres, testPostgres } from "../../support/postgres.ts";
import { expectProblem } from "../../support/problems.ts";
import { pause, until } from "../../support/until.ts";

const base = BigInt(Date.now() - 3_600_000) * 1_000_000n;
const perBody = 500;

let server: TestPostgres;
let database: TestDatabase;

beforeAll(async () => {
  server = await testPostgres();
  database = await server.createDatabase();
}, 30_000);
afterAll(async () => {
  await database.drop();
});

/** Lines of measurements from number `from` on; time and value encode the number. */
function body(tag: string, from: number): string {
  const lines = Array.from(
    { length: perBody },
    (_, i) => `{"time":${base + BigInt(from + i)},"tag":"${tag}","values":[${from + i}]}`,
  );
  return lines.join("\n");
}

interface Producer {
  /** Number of the first measurement of each body that was acknowledged completely. */
  readonly acknowledged: number[];
  stop(): Promise<void>;
}

/** Several connections send bodies as fast as they are answered, and retry those that were refused. */
function produce(tag: string, urlOf: () => string): Producer {
  const acknowledged: number[] = [];
  let isStopped = false;
  let next = 0;
  const connection = async () => {
    while (!isStopped) {
      const from = (next += perBody) - perBody;
      for (let isSaved = false; !isSaved && !isStopped;) {
        const answer = await post(`${urlOf()}/save`, body(tag, from)).catch(() => undefined);
        isSaved = answer?.status === 200 && answer.json.accepted === perBody;
        if (isSaved) acknowledged.push(from);
        else await pause(20);
      }
    }
  };
  const all = Promise.all(Array.from({ length: 4 }, connection));
  return {
    acknowledged,
    async stop() {
      isStopped = true;
      await all;
    },
  };
}

/** Every kind of query of a tag. */
function queries(tag: string): readonly string[] {
  return [
    `/api?tag=${tag}&start=${base - 600_000_000_000n}&end=${base + 60_000_000_000n}`,
    `/v1/series/${tag}?start=${base}&end=${base + 60_000_000_000n}`,
    `/v1/series/${tag}/export?start=${base}&end=${base + 60_000_000_000n}`,
    "/v1/series",
  ];
}

function numberOf(time: string): number {
  return Number(BigInt(time) - base);
}

/** Checks that all that was acknowledged is stored, and nothing that was never sent. */
async function expectStored(tag: string, acknowledged: readonly number[]): Promise<void> {
  const sql = connect(database, { max: 1, session: { application_name: "test" } });
  try {
    const numbers = await until("what was acknowledged in the store", 30_000, async () => {
      const rows = await sql<{ time: string; vals: Buffer }[]>`
        select m.time, m.vals from measurements m join series_tags t on t.id = m.tag
        where t.tag = ${tag}`;
      const wrong = rows.find(({ time, vals }) => vals.readDoubleLE(0) !== numberOf(time));
      expect(wrong).toBeUndefined();
      const found = new Set(rows.map(({ time }) => numberOf(time)));
      expect(found.size).toBe(rows.length);
      return acknowledged.every((from) => found.has(from + perBody - 1)) ? found : undefined;
    });
    const sent = acknowledged.flatMap((from) =>
      Array.from({ length: perBody }, (_, i) => from + i),
    );
    expect(sent.filter((number) => !numbers.has(number))).toEqual([]);
  } finally {
    await sql.end();
  }
}

/** Waits until the producer has this many more acknowledged, so that all services work again. */
function more(producer: Producer, bodies: number, msMax = 20_000): Promise<unknown> {
  const before = producer.acknowledged.length;
  return until(`${bodies} bodies`, msMax, () => producer.acknowledged.length >= before + bodies);
}

/** Checks a refusal that says when to retry. */
function expectUnavailable(answer: Answer): void {
  expectProblem(answer, "503 unavailable");
  expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
}

/** `kill -9` of the gateway while measurements stream in, twice. */
async function killGateway(tag: string, env: Readonly<Record<string, string>>): Promise<void> {
  let gateway = await startGateway({ env });
  const producer = produce(tag, () => gateway.url);
  for (let kills = 0; kills < 2; kills++) {
    await more(producer, 20);
    await gateway.kill9();
    gateway = await startGateway({ env });
  }
  await more(producer, 20);
  await producer.stop();
  await expectStored(tag, producer.acknowledged);
  expect(await gateway.stop()).toBe(0);
}

describe("with the log in PostgreSQL", () => {
  const env = () => ({ DATABASE_URL: database.url, SLUICE_GUESTS: "0" });

  test("kill -9 of the gateway in the middle: nothing acknowledged is lost, nothing is stored twice", async () => {
    await killGateway("killed", env());
  }, 60_000);

  test("kill -9 of PostgreSQL in the middle: 503 with Retry-After, then all continues", async () => {
    const gateway = await startGateway({ env: env() });
    const producer = produce("no-database", () => gateway.url);
    await more(producer, 20);
    await server.kill9();
    try {
      const body = `{"time":${base},"tag":"refused","values":[1]}`;
      const save = () => post(`${gateway.url}/save`, body);
      const refusal = until("a refusal", 10_000, async () => {
        const answer = await save();
        return answer.status === 204 ? undefined : answer;
      });
      const query = ask("GET", `${gateway.url}/v1/series/no-database`);
      for (const answer of await Promise.all([refusal, query])) expectUnavailable(answer);
    } finally {
      await server.start();
    }
    await more(producer, 20);
    await producer.stop();
    await expectStored("no-database", producer.acknowledged);
    expect(await gateway.stop()).toBe(0);
  }, 60_000);
});

const reason = natsSkipReason();
describe.skipIf(reason !== undefined)(`with the log in JetStream ${reason ?? ""}`, () => {
  let nats: NatsServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    nats = await startNats();
    gateway = await startGateway({
      env: { DATABASE_URL: database.url, NATS_URL: nats.url, SLUICE_GUESTS: "0" },
    });
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    await nats.stop();
  });

  test("PostgreSQL is down: measurements are accepted, and become rows once it is back", async () => {
    const tail = async () => (await ask("GET", `${gateway.url}/status`)).json.measurements.tail;
    await until("the tail to follow", 10_000, async () => (await tail()).complete);
    const producer = produce("no-store", () => gateway.url);
    await more(producer, 10);
    await server.kill9();
    try {
      await more(producer, 40);
      await until("them in the tail", 5000, async () => (await tail()).measurements > 40 * perBody);
      for (const path of queries("no-store")) {
        expectUnavailable(await ask("GET", `${gateway.url}${path}`));
      }
      await producer.stop();
    } finally {
      await server.start();
    }
    await expectStored("no-store", producer.acknowledged);
    for (const path of queries("no-store")) {
      expect((await ask("GET", `${gateway.url}${path}`)).status).toBe(200);
    }
  }, 60_000);

  test("kill -9 of the gateway in the middle: nothing acknowledged is lost, nothing is stored twice", async () => {
    const env = { DATABASE_URL: database.url, NATS_URL: nats.url, SLUICE_GUESTS: "0" };
    await killGateway("killed-js", env);
  }, 60_000);

  test("kill -9 of NATS in the middle: what was acknowledged is stored, and what is sent again", async () => {
    const producer = produce("killed-log", () => gateway.url);
    for (let kills = 0; kills < 2; kills++) {
      await more(producer, 20);
      await nats.kill9();
      await pause(200);
      await nats.start();
    }
    await more(producer, 20);
    await producer.stop();
    await expectStored("killed-log", producer.acknowledged);
  }, 60_000);

  test("NATS is down: 503 with Retry-After, also as an error of Influx; then it continues", async () => {
    await nats.kill9();
    const refused = await until("a refusal", 20_000, async () => {
      const answer = await ask("POST", `${gateway.url}/save`, {
        body: body("no-log", 0),
        msMax: 20_000,
      });
      return answer.status === 503 ? answer : undefined;
    });
    expectUnavailable(refused);
    const line = `m value=1 ${base}`;
    const influx = await ask("POST", `${gateway.url}/api/v2/write`, { body: line, msMax: 20_000 });
    expect([influx.status, influx.json.code]).toEqual([503, "unavailable"]);
    expect(influx.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    await nats.start();
    const producer = produce("no-log", () => gateway.url);
    await more(producer, 10);
    await producer.stop();
    await expectStored("no-log", producer.acknowledged);
  }, 90_000);
});

test("more than may be in flight is refused early: 429 with Retry-After", async () => {
  const gateway = await startGateway({
    env: {
      DATABASE_URL: database.url,
      SLUICE_GUESTS: "0",
      SLUICE_IN_FLIGHT_BYTES_MAX: "65536",
    },
  });
  // Bodies that have begun wait for room; those that arrive meanwhile are refused.
  const calls = 400;
  const answers = await Promise.all(
    Array.from({ length: calls }, (_, i) => post(`${gateway.url}/save`, body("many", i * perBody))),
  );
  const refused = answers.filter(({ status }) => status === 429);
  const accepted = answers.flatMap(({ status }, i) => (status === 200 ? [i * perBody] : []));
  expect(refused.length + accepted.length).toBe(calls);
  expect(accepted.length).toBeGreaterThan(0);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expectProblem(answer, "429 overloaded");
    expect(answer.headers.get("retry-after")).toBe("1");
  }
  await expectStored("many", accepted);
  expect(await gateway.stop()).toBe(0);
}, 60_000);
