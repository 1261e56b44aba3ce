// Exports of a real gateway: complete in each format, as fast as they are read, and cut off on failure.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { parquetReadObjects } from "hyparquet";
import { connect as connectToDatabase } from "../../../src/postgres/connect.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { type TestDatabase, type TestPostgres, testPostgres } from "../../support/postgres.ts";
import { expectProblem } from "../../support/problems.ts";
import { pointAt } from "../../support/series-reference.ts";
import { until } from "../../support/until.ts";
import { saveSeries, seriesStored } from "./series.ts";

const hour = 3_600_000_000_000n;

let server: TestPostgres;
let database: TestDatabase;
let gateway: GatewayProcess;
let nowNs: bigint;

beforeAll(async () => {
  server = await testPostgres();
  database = await server.createDatabase();
  gateway = await startGateway({ env: { DATABASE_URL: database.url } });
  nowNs = BigInt(Date.now()) * 1_000_000n;
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  await database.drop();
}, 30_000);

const rows = 200_000;
let fromNs: bigint;
let range: string;

/** Most of them go straight into the store; the last ones are in the tail when they are read. */
beforeAll(async () => {
  fromNs = ((nowNs - 4n * hour) / hour) * hour;
  range = `start=${fromNs}&end=${nowNs}`;
  const step = hour / BigInt(rows / 2);
  await saveSeries(gateway, "big", [pointAt(fromNs, 0, 0.5), pointAt(fromNs + hour, 0, 0.5)]);
  await seriesStored(gateway);
  const sql = connectToDatabase(database, { max: 1, session: { application_name: "test" } });
  const values = Buffer.from(pointAt(0n, 0, 0.5).values);
  for (const startNs of [fromNs, fromNs + hour]) {
    await sql`
      insert into measurements (time, tag, vals)
      select ${startNs.toString()}::bigint + i * ${step.toString()}::bigint, id, ${values}::bytea
      from series_tags, generate_series(1, ${rows / 2 - 1}) i where tag = 'big'`;
  }
  await sql.end();
  await saveSeries(gateway, "big", [pointAt(fromNs + hour, 1, 1), pointAt(fromNs + hour + 1n, 2)]);
}, 60_000);

const url = (format: string) => `${gateway.url}/v1/series/big/export?${range}&format=${format}`;

test("as NDJSON have lines that can be saved again", async () => {
  const answer = await ask("GET", url("ndjson"));
  expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = answer.text.trimEnd().split("\n");
  expect(lines).toHaveLength(rows + 1);
  expect(lines[0]).toBe(`{"time":${fromNs},"tag":"big","values":[0,0.5]}`);
  expect(lines[rows / 2 + 1]).toBe(`{"time":${fromNs + hour + 1n},"tag":"big","values":[2]}`);
  const times = lines.map((line) => BigInt(line.slice(8, line.indexOf(","))));
  expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? time))).toBe(true);
  const again = await ask("POST", `${gateway.url}/save`, {
    body: lines.slice(0, 1000).join("\n"),
    headers: { "content-type": "application/x-ndjson" },
  });
  expect(again.json).toMatchObject({ accepted: 1000, refused: [] });
}, 20_000);

test("as CSV have a header and a field for each value", async () => {
  const { text, headers } = await ask("GET", url("csv"));
  expect(headers.get("content-disposition")).toBe('attachment; filename="big.csv"');
  const lines = text.trimEnd().split("\r\n");
  expect(lines).toHaveLength(rows + 2);
  expect(lines.slice(0, 2)).toEqual(["time,tag,v0,v1", `${fromNs},big,0,0.5`]);
  expect(lines.every((line) => line.split(",").length === 4)).toBe(true);
  await saveSeries(gateway, 'a,"b', [pointAt(nowNs, 1e300, -0.1)]);
  const quoted = await ask(
    "GET",
    `${gateway.url}/v1/series/a%2C%22b/export?start=${nowNs}&format=csv`,
  );
  expect(quoted.text).toBe(`time,tag,v0,v1\r\n${nowNs},"a,""b",1e+300,-0.1\r\n`);
  expect(quoted.headers.get("content-disposition")).toBe('attachment; filename="a_b.csv"');
}, 20_000);

test("as Parquet can be read by another library", async () => {
  const response = await fetch(url("parquet"));
  const file = await response.arrayBuffer();
  const objects = await parquetReadObjects({ file });
  expect(objects).toHaveLength(rows + 1);
  expect(objects[0]).toEqual({ time: fromNs, tag: "big", values: [0, 0.5] });
  expect(objects[rows / 2 + 1]).toEqual({ time: fromNs + hour + 1n, tag: "big", values: [2] });
}, 30_000);

test("of an empty range are empty files, of an unknown tag a problem", async () => {
  const empty = `${gateway.url}/v1/series/big/export?start=1&end=2&format=`;
  expect((await ask("GET", `${empty}ndjson`)).text).toBe("");
  expect((await ask("GET", `${empty}csv`)).text).toBe("time,tag\r\n");
  const file = await (await fetch(`${empty}parquet`)).arrayBuffer();
  expect(await parquetReadObjects({ file })).toEqual([]);
  const unknown = await ask("GET", `${gateway.url}/v1/series/nobody/export?format=csv`);
  expectProblem(unknown, "404 not_found");
  expectProblem(await ask("GET", url("xlsx")), "400 invalid", { field: "format" });
});

test("that their client does not read pause, and end with the client", async () => {
  const exporting = async () => (await ask("GET", `${gateway.url}/status`)).json.series.exports;
  const gone = new AbortController();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => fetch(url("ndjson"), { signal: gone.signal })),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  // Sockets and buffers hold less than a file, so each export still waits for its client.
  await Bun.sleep(500);
  expect(await exporting()).toBe(8);
  const ninth = await ask("GET", url("csv"));
  expectProblem(ninth, "429 overloaded");
  expect(Number(ninth.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  // The answers are referenced until here: one that is collected would end its export.
  expect(answers.some(({ bodyUsed }) => bodyUsed)).toBe(false);
  gone.abort();
  await until("the slots are free", 5000, async () => (await exporting()) === 0);
}, 20_000);

test("that fail in the middle are cut off, so that a part is not mistaken for the whole", async () => {
  const half = pausedRequest(`${gateway.url}/v1/series/big/export?start=1&format=ndjson`);
  await half.begun;
  await server.kill9();
  try {
    const text = await half.rest();
    expect(text).toStartWith("HTTP/1.1 200 OK");
    expect(text).not.toEndWith("\r\n0\r\n\r\n");
  } finally {
    await server.start();
  }
}, 20_000);

/** A request whose answer stays in the socket until the test reads it. */
function pausedRequest(url: string): { begun: Promise<void>; rest(): Promise<string> } {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const parts: Buffer[] = [];
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  const begun = new Promise<void>((resolve) => {
    socket.once("data", (data: Buffer) => {
      parts.push(data);
      socket.pause();
      resolve();
    });
  });
  return {
    begun,
    rest: () =>
      new Promise((resolve) => {
        socket.on("data", (data: Buffer) => parts.push(data));
        // A reset is expected here.
        socket.on("error", () => {});
        socket.on("close", () => resolve(Buffer.concat(parts).toString("latin1")));
        socket.resume();
      }),
  };
}
