/** Measurements in: each endpoint and format, what is refused, and that the rest is stored once. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import {
  HttpError,
  InfluxDB,
  Point,
  setLogger,
  type WritePrecisionType,
} from "@influxdata/influxdb-client";
import type { Sql } from "postgres";
import { systemClock } from "../../../src/core/clock.ts";
import { silent } from "../../../src/core/logger.ts";
import { valuesToNumbers } from "../../../src/features/measurements/measurement.ts";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { MeasurementSchema } from "../../../src/gen/sluice/v1/measurement_pb.ts";
import { PostgresLog } from "../../../src/log/postgres/postgres-log.ts";
import { connect } from "../../../src/postgres/connect.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { expectProblem } from "../../support/problems.ts";
import { until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { ways } from "../rpc/rpc.ts";

let database: TestDatabase;
let gateway: GatewayProcess;
let sql: Sql;
let url = "";

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  gateway = await startGateway({ env: { DATABASE_URL: database.url, SLUICE_GUESTS: "0" } });
  ({ url } = gateway);
  sql = connect(database, { max: 1, session: { application_name: "test" } });
}, 60_000);

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  expect(gateway.errors()).toEqual([]);
  await sql.end();
  await database.drop();
});

/** A past time in nanoseconds that no other test uses. */
let lastNs = BigInt(Date.now() - 3_600_000) * 1_000_000n + 123_456_789n;
const time = () => ++lastNs;

const measured = (tag: string, values: readonly number[] = [1, -2.5], at = time()) =>
  `{"time":${at},"tag":${JSON.stringify(tag)},"values":[${values.join(",")}]}`;

interface Row {
  readonly time: bigint;
  readonly values: readonly number[];
}

async function rowsOf(tag: string): Promise<readonly Row[]> {
  const rows = await sql<{ time: string; vals: Uint8Array }[]>`
    select m.time, m.vals from measurements m join series_tags t on t.id = m.tag
    where t.tag = ${tag} order by m.time`;
  return rows.map(({ time, vals }) => ({
    time: BigInt(time),
    values: valuesToNumbers({ values: vals }),
  }));
}

async function countOf(tag: string): Promise<number> {
  const [row] = await sql<{ count: string }[]>`
    select count(*) from measurements m join series_tags t on t.id = m.tag where t.tag = ${tag}`;
  return Number(row?.count);
}

/** Waits until the store has `count` points of the tag, and checks that no more follow. */
async function stored(tag: string, count: number): Promise<readonly Row[]> {
  await until(`${count} of ${tag}`, 15_000, async () => (await countOf(tag)) >= count);
  const rows = await rowsOf(tag);
  expect(rows).toHaveLength(count);
  return rows;
}

const lines = { "content-type": "application/x-ndjson" };
const gzip = { "content-encoding": "gzip" };
const compressed = (text: string) => Uint8Array.from(gzipSync(text));

describe("POST /save", () => {
  test("one object, in the form of the original measurements demo: 204, exact to the last digit, as a number or a string", async () => {
    const [first, second] = [time(), time()];
    const answer = await ask("POST", `${url}/save`, {
      body: measured("one", [1, 2.5, -0.1], first),
    });
    expect([answer.status, answer.text]).toEqual([204, ""]);
    const text = `{"values": [3],\n "tag": "one",\n "time": "${second}"}\n`;
    expect((await post(`${url}/save`, text)).status).toBe(204);
    expect(await stored("one", 2)).toEqual([
      { time: first, values: [1, 2.5, -0.1] },
      { time: second, values: [3] },
    ]);
  });

  test("the same tag and time again replaces the value", async () => {
    const at = time();
    for (const value of [1, 2, 3]) await post(`${url}/save`, measured("same", [value], at));
    await post(`${url}/save`, `[${measured("same", [4], at)},${measured("same", [5], at)}]`);
    await until("the last", 5000, async () => (await rowsOf("same"))[0]?.values[0] === 5);
    expect(await rowsOf("same")).toEqual([{ time: at, values: [5] }]);
  });

  type Sent = readonly [body: NonNullable<RequestInit["body"]>, headers: Record<string, string>];
  const forms: readonly (readonly [string, (tag: string) => Sent])[] = [
    ["an array", (tag: string) => [`[${measured(tag)}, ${measured(tag)}]`, {}]],
    ["lines by their type", (tag: string) => [`${measured(tag)}\n\n${measured(tag)}`, lines]],
    ["lines by themselves", (tag: string) => [`${measured(tag)}\n${measured(tag)}\n`, {}]],
    ["lines, gzip", (tag: string) => [compressed(`${measured(tag)}\n${measured(tag)}\n`), gzip]],
    ["an array, gzip", (tag: string) => [compressed(`[${measured(tag)},${measured(tag)}]`), gzip]],
    ["lines in pieces", (tag: string) => [inPieces(`${measured(tag)}\n${measured(tag)}`, 7), {}]],
    [
      "an array in pieces",
      (tag: string) => [inPieces(`[${measured(tag)},${measured(tag)}]`, 9), {}],
    ],
  ];
  for (const [name, send] of forms) {
    test(`${name}: 200 with the position`, async () => {
      const [body, headers] = send(name);
      const answer = await ask("POST", `${url}/save`, { body, headers });
      expect(answer.json).toEqual({ accepted: 2, position: expect.any(String), refused: [] });
      expect(answer.status).toBe(200);
      await stored(name, 2);
    });
  }

  test("one in a compressed or chunked body: 204", async () => {
    const bodies = [
      ask("POST", `${url}/save`, { body: compressed(measured("small")), headers: gzip }),
      ask("POST", `${url}/save`, { body: inPieces(measured("small"), 5) }),
    ];
    expect((await Promise.all(bodies)).map(({ status }) => status)).toEqual([204, 204]);
    await stored("small", 2);
  });

  test("an invalid one is refused by index and field, the others are kept", async () => {
    const body = [
      measured("good"),
      measured(""),
      `{"time":1e18,"tag":"x","values":[1]}`,
      measured("good"),
      `{"time":${time()},"tag":"x","values":[1,null]}`,
      `{"time":${time()},"tag":"x","values":[1e999]}`,
      measured("old", [1], 5n),
      "{",
    ];
    const answer = await ask("POST", `${url}/save`, { body: body.join("\n"), headers: lines });
    expect(answer.status).toBe(207);
    expect(answer.json.accepted).toBe(2);
    expect(
      answer.json.refused.map((issue: Record<string, unknown>) => [issue["index"], issue["field"]]),
    ).toEqual([
      [1, "tag"],
      [2, "time"],
      [4, "values[1]"],
      [5, "values[0]"],
      [6, "time"],
      [7, "body"],
    ]);
    await stored("good", 2);
  });

  for (const [name, body, field] of [
    ["no time", `{"tag":"a","values":[1]}`, "time"],
    ["a fraction", `{"time":1.5,"tag":"a","values":[1]}`, "time"],
    ["a time past int64", `{"time":9223372036854775808,"tag":"a","values":[1]}`, "time"],
    ["a time of tomorrow", () => measured("a", [1], time() + 86_400_000_000_000n), "time"],
    ["a tag of 514 bytes", () => measured("é".repeat(257)), "tag"],
    ["no values", () => measured("a", []), "values"],
    [
      "65 values",
      () =>
        measured(
          "a",
          Array.from({ length: 65 }, () => 1),
        ),
      "values",
    ],
    ["another member", () => measured("a").replace("}", `,"unit":"K"}`), "unit"],
    ["an array of numbers", "[1,2]", "body"],
    ["half an object", `{"time":`, "body"],
    ["deep nesting", "[".repeat(100_000), "body"],
    ["two objects on a line", () => `${measured("a")} ${measured("a")}`, "body"],
  ] as const) {
    test(`${name}: a problem that names it`, async () => {
      const text = typeof body === "string" ? body : body();
      expectProblem(await post(`${url}/save`, text), "400 invalid", { field });
    });
  }

  test("no body, other types, other encodings, too large a body that is not lines", async () => {
    for (const body of ["", " \n ", "[]"]) {
      expectProblem(await post(`${url}/save`, body), "400 invalid", { detail: /no measurements/ });
    }
    const xml = { body: "<a/>", headers: { "content-type": "text/xml" } };
    expectProblem(await ask("POST", `${url}/save`, xml), "415 unsupported_media_type");
    const br = { body: "1", headers: { "content-encoding": "br" } };
    expectProblem(await ask("POST", `${url}/save`, br), "415 unsupported_media_type");
    const none = { body: measured("a"), headers: gzip };
    expectProblem(await ask("POST", `${url}/save`, none), "400 invalid", { detail: /gzip/ });
    const large = await post(`${url}/save`, `[${measured("a")}${" ".repeat(9_000_000)}]`);
    expectProblem(large, "413 too_large");
    const spaces = " ".repeat(30_000_000);
    for (const [text, expected] of [
      [spaces, "413 too_large"],
      [`[${spaces}]`, "413 too_large"],
      [`{${spaces}}`, "413 too_large"],
    ] as const) {
      const bomb = { body: compressed(text), headers: gzip };
      expectProblem(await ask("POST", `${url}/save`, bomb), expected);
    }
    expect((await ask("GET", `${url}/save`)).headers.get("allow")).toBe("POST");
    const foreign = { body: measured("a"), headers: { origin: "https://elsewhere.example" } };
    expectProblem(await ask("POST", `${url}/save`, foreign), "403 forbidden");
  });

  test("a thousand refusals are listed, and all are counted", async () => {
    const bad = "x\n".repeat(1500);
    const all = await ask("POST", `${url}/save`, { body: bad, headers: lines });
    expectProblem(all, "400 invalid", { detail: /All 1500/, field: "body" });
    expect(all.json.errors).toHaveLength(1000);
    const body = `${bad}${measured("last")}`;
    const { status, json } = await ask("POST", `${url}/save`, { body, headers: lines });
    expect(status).toBe(207);
    expect([json.accepted, json.refused.length, json.refused_more]).toEqual([1, 1000, 500]);
    await stored("last", 1);
  });

  test("a line without an end is refused alone, however long it is", async () => {
    const body = `${measured("long")}\n${"x".repeat(300_000)}\n${measured("long")}\n`;
    const { status, json } = await ask("POST", `${url}/save`, { body, headers: lines });
    expect(status).toBe(207);
    expect(json.refused).toEqual([expect.objectContaining({ index: 1 })]);
    await stored("long", 2);
  });

  test("200,000 in one body of lines, far past the bound of other bodies: all in the store, once", async () => {
    const parts = Array.from({ length: 200 }, () =>
      Array.from({ length: 1000 }, () => `${measured("many", [0.1, 0.2, 0.3, 0.4, 0.5])}\n`).join(
        "",
      ),
    );
    const body = parts.join("");
    expect(body.length).toBeGreaterThan(12_000_000);
    const answer = await ask("POST", `${url}/save`, { body, headers: lines, msMax: 30_000 });
    expect(answer.json).toMatchObject({ accepted: 200_000, refused: [] });
    await stored("many", 200_000);
  }, 60_000);
});

describe("other ways into the topic", () => {
  test("JSON records of the topic: under their tag, others refused by index", async () => {
    const at = `${url}/v1/topics/measurements/records`;
    const answer = await post(at, `[${measured("door")},{"a":1},${measured("door", [1], 5n)}]`);
    expect(answer.status).toBe(207);
    expect(answer.json.refused).toMatchObject([
      { index: 1, field: "a" },
      { index: 2, field: "time" },
    ]);
    await stored("door", 1);
    const page = await ask("GET", `${at}?key=door`);
    expect(page.json.events).toMatchObject([{ key: "door", data: { tag: "door" } }]);
  });

  test("publishes of a WebSocket", async () => {
    const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
    ws.say(`{"op":"publish","topic":"measurements","events":[${measured("socket")},{"time":1}]}`);
    const answer = await ws.next();
    expect(answer).toMatchObject({ accepted: 1, refused: [{ index: 1, field: "tag" }] });
    ws.cut();
    await stored("socket", 1);
  });

  for (const [name, way] of Object.entries(ways)) {
    test(`messages over ${name}: tag and time become key and time of the record, and invalid ones are refused by index`, async () => {
      const client = createClient(CollectorService, way(gateway));
      const tag = `by ${name}`;
      const at = time();
      const encoded = (init: MessageInitShape<typeof MeasurementSchema>) =>
        toBinary(MeasurementSchema, create(MeasurementSchema, init));
      const records = [
        { value: encoded({ time: at, tag, values: [1, 2] }) },
        { value: Uint8Array.of(1, 2, 3) },
        { value: encoded({ time: 5n, tag, values: [1] }) },
        { value: encoded({ time: at, tag: "", values: [1] }) },
        { value: encoded({ time: at, tag, values: [Number.NaN] }) },
        { value: Buffer.from(measured(tag, [3], at + 1n)), contentType: "application/json" },
        { value: Buffer.from("{}"), contentType: "application/json" },
      ];
      const answer = await client.publish({ topic: "measurements", records });
      expect(answer).toMatchObject({ accepted: 2n, refused: 5n });
      const named = answer.refusals.map(({ index, code, message }) => [
        index,
        code,
        message.split(":")[0],
      ]);
      expect(named).toEqual([
        [1n, "invalid", "body"],
        [2n, "invalid", "time"],
        [3n, "invalid", "tag"],
        [4n, "invalid", "values[0]"],
        [6n, "invalid", "time"],
      ]);
      expect(await stored(tag, 2)).toEqual([
        { time: at, values: [1, 2] },
        { time: at + 1n, values: [3] },
      ]);
      const page = await ask(
        "GET",
        `${url}/v1/topics/measurements/records?key=${encodeURIComponent(tag)}`,
      );
      expect(page.json.events).toHaveLength(2);
    });
  }

  test("records of other programs that are not measurements are skipped, counted and reported", async () => {
    const log = new PostgresLog({ url: database.url, clock: systemClock, logger: silent });
    const none = { value: Uint8Array.of(1, 2, 3), contentType: "application/protobuf" };
    await log.append("measurements", [{ ...none, key: "", schemaId: 0, timeNs: 1n }]);
    await log.close();
    const measurementStatus = await until("it is counted", 10_000, async () => {
      const { json } = await ask("GET", `${url}/status`);
      return json.measurements.stored.undecodable === 1 && json.measurements.stored;
    });
    expect(measurementStatus.last_undecodable).toContain("sluice.v1.Measurement");
    const said = "records that are not measurements are skipped";
    await until("it is logged", 5000, () => gateway.log().includes(said));
  });
});

describe("InfluxDB's clients", () => {
  function writer(precision: WritePrecisionType) {
    const influx = new InfluxDB({ url, token: "any" });
    return influx.getWriteApi("org", "bucket", precision, { maxRetries: 0, gzipThreshold: 200 });
  }

  test("write points of each precision, compressed", async () => {
    for (const [precision, digits] of [
      ["ns", 0],
      ["us", 3],
      ["ms", 6],
      ["s", 9],
    ] as const) {
      const unit = 10n ** BigInt(digits);
      const at = (time() / unit) * unit;
      const api = writer(precision);
      for (let i = 0; i < 20; i++) {
        const point = new Point("room").tag("floor", precision).floatField("kelvin", 290 + i);
        api.writePoint(point.intField("people", i).timestamp(String(at / unit + BigInt(i))));
      }
      await api.close();
      const kelvin = await stored(`room,floor=${precision}:kelvin`, 20);
      expect(kelvin[19]).toEqual({ time: at + 19n * unit, values: [309] });
      await stored(`room,floor=${precision}:people`, 20);
    }
  });

  test("may have series with names as long as those of Telegraf", async () => {
    const host = `ip-10-0-0-1.eu-central-1.compute.internal.${"x".repeat(400)}`;
    const api = writer("ns");
    for (const tag of [host, host.slice(0, 110), "b"]) {
      const at = String(time());
      api.writePoint(new Point("cpu").tag("host", tag).floatField("usage_idle", 0.5).timestamp(at));
    }
    await api.close();
    for (const tag of [host, host.slice(0, 110), "b"]) {
      const name = `cpu,host=${tag}:usage_idle`;
      const { json } = await ask("GET", `${url}/v1/series?prefix=${encodeURIComponent(name)}`);
      expect(json.series.map(({ last }: { last: { values: number[] } }) => last.values)).toEqual([
        [0.5],
      ]);
      expect((await stored(name, 1))[0]?.values).toEqual([0.5]);
    }
  });

  test("get the refusals by line; the rest is stored", async () => {
    setLogger({ error() {}, warn() {} });
    const api = writer("ns");
    api.writeRecord(`kept value=1 ${time()}`);
    api.writeRecord(`bad value= ${time()}`);
    api.writeRecord(`kept value=2 ${time()}`);
    const failure = await api.close().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof HttpError)) {
      throw new Error(`expected an HttpError: ${String(failure)}`);
    }
    expect(failure.statusCode).toBe(400);
    expect(failure.json.code).toBe("invalid");
    expect(failure.json.message).toMatch(/2 lines accepted.*line 2: field "value"/);
    await stored("kept", 2);
  });

  test("of 1.x: their address, their units, their form of errors", async () => {
    const at = time() / 1_000_000_000n;
    const body = `old,host=a v0=1,v1=2 ${at}\n`;
    const written = await ask("POST", `${url}/write?db=d&precision=s`, { body });
    expect([written.status, written.text]).toEqual([204, ""]);
    expect(await stored("old,host=a", 1)).toEqual([{ time: at * 1_000_000_000n, values: [1, 2] }]);
    const wrong = await ask("POST", `${url}/write?db=d`, { body: "m" });
    expect([wrong.status, wrong.json]).toEqual([400, { error: expect.stringMatching(/line 1/) }]);
  });

  test("get the answers that they request before they write", async () => {
    const ping = await ask("GET", `${url}/ping`);
    expect([ping.status, ping.headers.get("x-influxdb-version")]).toEqual([
      204,
      expect.any(String),
    ]);
    expect((await ask("HEAD", `${url}/ping`)).status).toBe(204);
    expect((await ask("GET", `${url}/health`)).json).toMatchObject({ status: "pass" });
  });

  test("bad requests: precision, UTF-8, encoding, size", async () => {
    const write = `${url}/api/v2/write`;
    for (const precision of ["h2", "__proto__", "constructor"]) {
      const answer = await ask("POST", `${write}?precision=${precision}`, { body: "m f=1" });
      expect([answer.status, answer.json.code]).toEqual([400, "invalid"]);
    }
    const latin = await ask("POST", write, { body: Uint8Array.of(0x6d, 0xff) });
    expect([latin.status, latin.json.message]).toEqual([400, expect.stringContaining("UTF-8")]);
    const large = await ask("POST", write, { body: "#".repeat(9_000_000) });
    expect([large.status, large.json.code]).toEqual([413, "request too large"]);
    const br = { body: "m", headers: { "content-encoding": "br" } };
    expect((await ask("POST", write, br)).json.code).toBe("unsupported media type");
  });
});

test("/status has the rate, the delay until a measurement can be queried, and the batches", async () => {
  await post(`${url}/save`, measured("status"));
  await stored("status", 1);
  const { json } = await ask("GET", `${url}/status`);
  const { per_second, queryable_ms, tail, stored: rows } = json.measurements;
  expect(per_second).toBeGreaterThan(0);
  expect(queryable_ms.p50).toBeWithin(0, 5000);
  expect(tail).toMatchObject({ complete: true });
  expect(rows.rows).toBeGreaterThan(200_000);
  expect(rows.batch_rows.max).toBeWithin(1000, 20_001);
  expect(rows.batch_ms.p99).toBeGreaterThan(0);
  expect(rows.stored_ms.max).toBeGreaterThan(0);
});

/** A body of unknown length, in pieces of a number of bytes. */
function inPieces(text: string, bytes: number): ReadableStream<Uint8Array> {
  const whole = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= whole.byteLength) return controller.close();
      controller.enqueue(whole.slice(at, at + bytes));
      at += bytes;
    },
  });
}
