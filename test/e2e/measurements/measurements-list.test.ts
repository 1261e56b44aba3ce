// Lists of series from a real gateway: orders, searches, and what visible rows show. With bands, which
// plots are drawn from.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { expectProblem } from "../../support/problems.ts";
import { pointAt } from "../../support/series-reference.ts";
import { until } from "../../support/until.ts";
import { saveSeries } from "./series.ts";

const s = 1_000_000_000n;
const bidi = "<b>\u202Eevil</b>";

let database: TestDatabase;
let gateway: GatewayProcess;
let nowNs: bigint;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  gateway = await startGateway({ env: { DATABASE_URL: database.url } });
  nowNs = BigInt(Date.now()) * 1_000_000n;
  const every = (count: number, agoS: number, stepS: number) =>
    Array.from({ length: count }, (_, i) =>
      pointAt(nowNs - BigInt(agoS + i * stepS) * s, i),
    ).toReversed();
  await saveSeries(gateway, "boiler-fast", every(120, 20, 1));
  await saveSeries(gateway, "boiler-slow", every(20, 30, 6));
  await saveSeries(gateway, "Boiler-Silent", every(20, 3000, 6));
  await saveSeries(gateway, bidi, every(3, 9000, 6));
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  await database.drop();
}, 30_000);

async function tags(query: string): Promise<string[]> {
  const { json } = await ask("GET", `${gateway.url}/v1/series?${query}`);
  return json.series.map(({ tag }: { tag: string }) => tag);
}

test("a list is searched, sorted by rate and by silence, and paged in each order", async () => {
  await until("all are rolled up", 30_000, async () => {
    const { buckets, waiting } = (await ask("GET", `${gateway.url}/status`)).json.series.rollups;
    return buckets > 30 && waiting === 0;
  });
  expect(await tags("")).toEqual([bidi, "Boiler-Silent", "boiler-fast", "boiler-slow"]);
  expect(await tags("q=BOILER")).toEqual(["Boiler-Silent", "boiler-fast", "boiler-slow"]);
  expect(await tags("prefix=boiler&q=S")).toEqual(["boiler-fast", "boiler-slow"]);
  expect((await tags("sort=rate")).slice(0, 2)).toEqual(["boiler-fast", "boiler-slow"]);
  const silent = [bidi, "Boiler-Silent", "boiler-slow", "boiler-fast"];
  expect(await tags("sort=silent")).toEqual(silent);
  const found: string[] = [];
  for (let after = "", pages = 0; pages < 9; pages++) {
    const place = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const url = `${gateway.url}/v1/series?sort=silent&limit=1${place}`;
    const { series, next } = (await ask("GET", url)).json;
    found.push(...series.map(({ tag }: { tag: string }) => tag));
    if (next === null) break;
    after = next;
  }
  expect(found).toEqual(silent);
  const refused = await ask("GET", `${gateway.url}/v1/series?sort=rate&after=boiler`);
  expectProblem(refused, "400 invalid", { field: "after" });
  const unknown = await ask("GET", `${gateway.url}/v1/series?sort=size`);
  expectProblem(unknown, "400 invalid", { field: "sort" });
}, 40_000);

test("the rows that are visible: counts, usual pauses, and the newest to the last digit", async () => {
  const newest = nowNs + 123n;
  await saveSeries(gateway, "boiler-fast", [pointAt(newest, 5)]);
  const asked = { tags: ["boiler-fast", "nothing", "boiler-slow"] };
  const { status, json, text } = await post(`${gateway.url}/v1/series-recent`, asked);
  expect(status).toBe(200);
  expect(json.series.map(({ tag }: { tag: string }) => tag)).toEqual([
    "boiler-fast",
    "boiler-slow",
  ]);
  expect(text).toContain(`"last":{"time":${newest},"values":[5]}`);
  const [fast, slow] = json.series;
  expect(fast.counts).toHaveLength(60);
  expect(fast.counts.reduce((sum: number, count: number) => sum + count, 0)).toBeGreaterThan(100);
  expect(slow.pauses).toEqual({ p50: 6e9, p99: 6e9 });
  expect(json.now - json.end).toBeLessThan(30e9);
  const none = await post(`${gateway.url}/v1/series-recent`, { tags: [] });
  expectProblem(none, "400 invalid", { field: "/tags" });
  const many = await post(`${gateway.url}/v1/series-recent`, {
    tags: Array.from({ length: 101 }, (_, i) => `t${i}`),
  });
  expectProblem(many, "400 invalid", { field: "/tags" });
}, 20_000);

test("a band beside an aggregate is that of two more queries, and says how new it is", async () => {
  const address = `${gateway.url}/v1/series/boiler-fast?start=${nowNs - 150n * s}&end=${nowNs}&points=5`;
  const both = (await ask("GET", `${address}&agg=mean&band=true`)).json;
  const min = (await ask("GET", `${address}&agg=min`)).json;
  const max = (await ask("GET", `${address}&agg=max`)).json;
  expect(both.band.map((cell: { min: unknown }) => cell.min)).toEqual(
    min.points.map((point: { values: unknown }) => point.values),
  );
  expect(both.band.map((cell: { max: unknown }) => cell.max)).toEqual(
    max.points.map((point: { values: unknown }) => point.values),
  );
  expect(both.band.map((cell: { to: unknown }) => cell.to)).toEqual(
    both.points.map((point: { to: unknown }) => point.to),
  );
  expect(min.band).toBeUndefined();
  expect(Math.abs(both.now - Date.now() * 1e6)).toBeLessThan(60e9);
  expect(both.queryable_until).toBeLessThanOrEqual(both.now);
  expect(both.now - both.queryable_until).toBeLessThan(5e9);
});

test("a tag in the query is answered as one in the path is, for proxies that decode paths", async () => {
  const tag = encodeURIComponent(bidi);
  const range = `start=${nowNs - 10_000n * s}&end=${nowNs}`;
  const path = `${gateway.url}/v1/series/${tag}`;
  const ofPath = await ask("GET", `${path}?${range}&points=3&agg=max`);
  const ofQuery = await ask(
    "GET",
    `${gateway.url}/v1/samples?tag=${tag}&${range}&points=3&agg=max`,
  );
  expect(ofQuery.status).toBe(200);
  expect(ofQuery.json.points).toEqual(ofPath.json.points);
  const file = await ask("GET", `${gateway.url}/v1/measurements?tag=${tag}&${range}&format=csv`);
  expect(file.text).toBe((await ask("GET", `${path}/export?${range}&format=csv`)).text);
  expect(file.text.split("\n")).toHaveLength(5);
  const none = await ask("GET", `${gateway.url}/v1/samples?${range}`);
  expectProblem(none, "400 invalid", { field: "tag" });
});

test("a caller finds no trace of what it may not read", async () => {
  const closed = await startGateway({
    env: {
      DATABASE_URL: database.url,
      SLUICE_ADMIN_KEY: "slk_3kf82hs0_cFk1nVJcOqm3vXhd1z3OZJw5kz7v8uJt0cWm3c2m1rE",
      SLUICE_ANONYMOUS_GRANTS: "read series:boiler-s*",
    },
  });
  try {
    for (const sort of ["tag", "rate", "silent"]) {
      const { json } = await ask("GET", `${closed.url}/v1/series?sort=${sort}&limit=1`);
      expect([json.series.length, json.series[0].tag, json.next]).toEqual([1, "boiler-slow", null]);
    }
    for (const path of ["samples", "measurements"]) {
      const refused = await ask("GET", `${closed.url}/v1/${path}?tag=boiler-fast`);
      expect([401, 403]).toContain(refused.status);
    }
    const { json } = await post(`${closed.url}/v1/series-recent`, {
      tags: ["boiler-fast", "boiler-slow"],
    });
    expect(json.series.map(({ tag }: { tag: string }) => tag)).toEqual(["boiler-slow"]);
  } finally {
    await closed.stop();
  }
}, 60_000);
