// Measurements out of a real gateway. Each answer, from the tail of the log, from the store or from
// both, is checked against every point that was saved. Also live streams, refusals and a database outage.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { valuesToNumbers } from "../../../src/features/measurements/measurement.ts";
import { sampleInstants } from "../../../src/features/measurements/query/as-of.ts";
import { mergePoints } from "../../../src/features/measurements/query/merge.ts";
import type { SeriesPoint } from "../../../src/features/measurements/series-port.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask, post } from "../../support/http.ts";
import { type TestDatabase, type TestPostgres, testPostgres } from "../../support/postgres.ts";
import { expectProblem } from "../../support/problems.ts";
import { seededRandom } from "../../support/random.ts";
import { asOfReference, drawSeries, pointAt, referenceOf } from "../../support/series-reference.ts";
import { readSse } from "../../support/sse.ts";
import { until } from "../../support/until.ts";
import { saveSeries, seriesStored } from "./series.ts";

const s = 1_000_000_000n;
const hour = 3600n * s;
/** Every character that has a meaning in an address. */
const tag = "plant/a,line=1:temp%?#ü";
const path = `/v1/series/${encodeURIComponent(tag)}`;

let server: TestPostgres;
let database: TestDatabase;
let gateway: GatewayProcess;
let nowNs: bigint;

beforeAll(async () => {
  server = await testPostgres();
  database = await server.createDatabase();
  gateway = await startGateway({
    env: { DATABASE_URL: database.url, SLUICE_SERIES_QUERIES_MAX: "3" },
  });
  nowNs = BigInt(Date.now()) * 1_000_000n;
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  await database.drop();
}, 30_000);

interface Sample {
  readonly time: string;
  readonly values: number[] | null;
}

/** Samples with times as text, because a number would round them. */
function samplesOf({ text }: Answer): Sample[] {
  const quoted = text.replaceAll(/"(time|from|to|start|end)":(-?\d+)/g, '"$1":"$2"');
  const answer = JSON.parse(quoted);
  return answer.samples ?? answer.points;
}

async function expectSamples(points: readonly SeriesPoint[], startNs: bigint, endNs: bigint) {
  const query = `tag=${encodeURIComponent(tag)}&start=${startNs}&end=${endNs}`;
  const answer = await ask("GET", `${gateway.url}/api?${query}`);
  expect(answer.status).toBe(200);
  expect(answer.text).toStartWith(
    `{"tagName":${JSON.stringify(tag)},"start":${startNs},"end":${endNs},"samples":[{"time":`,
  );
  const expected = sampleInstants(startNs, endNs, 1000).map((ns) => {
    const point = asOfReference(points, ns);
    return { time: String(ns), values: point === undefined ? null : valuesToNumbers(point) };
  });
  expect(samplesOf(answer)).toEqual(expected);
}

describe("the samples of /api", () => {
  test("are exact from the tail of the log, from the store, and from both with replaced ones", async () => {
    const random = seededRandom(2);
    const drawn = drawSeries(random, { fromNs: nowNs - 5n * hour, toNs: nowNs }, 2000);
    let points: readonly SeriesPoint[] = drawn.filter(
      ({ timeNs }) => timeNs < nowNs - 3n * hour || timeNs > nowNs - 2n * hour,
    );
    const ranges = Array.from({ length: 4 }, (_, i) => {
      const startNs = nowNs - BigInt(6 - i) * hour + BigInt(random.int(1e9));
      return [startNs, startNs + 600n * s + BigInt(random.int(1e9)) * 9_000n] as const;
    });
    const expectAll = async () => {
      for (const [startNs, endNs] of ranges) await expectSamples(points, startNs, endNs);
      await expectSamples(points, nowNs - 5n * hour - 7n, nowNs + 1n);
    };
    await saveSeries(gateway, tag, points);
    await expectAll();
    await seriesStored(gateway);
    await expectAll();
    const replaced = points
      .filter(() => random.chance(0.1))
      .map(({ timeNs }) => pointAt(timeNs, 1, 2));
    await saveSeries(gateway, tag, mergePoints([pointAt(nowNs, 1e300, -0.1)], replaced));
    points = mergePoints(points, [...replaced, pointAt(nowNs, 1e300, -0.1)]);
    await expectAll();
    await seriesStored(gateway);
    await expectAll();
  }, 30_000);

  test("contain what was saved a moment ago", async () => {
    for (let i = 0; i < 20; i++) {
      const time = nowNs - 60n * s + BigInt(i);
      await saveSeries(gateway, "mine", [pointAt(time, i)]);
      const { text } = await ask(
        "GET",
        `${gateway.url}/api?tag=mine&start=${time - hour}&end=${time}`,
      );
      expect(text).toEndWith(`{"time":${time},"values":[${i}]}]}\n`);
    }
  }, 20_000);

  test("are refused for an invalid range, and the error names the field", async () => {
    const end = nowNs;
    const start = nowNs - hour;
    const refused = [
      [`start=${start}&end=${end}`, "tag"],
      [`tag=&start=${start}&end=${end}`, "tag"],
      [`tag=mine&end=${end}`, "start"],
      [`tag=mine&start=1e18&end=${end}`, "start"],
      [`tag=mine&start=99999999999999999999&end=${end}`, "start"],
      [`tag=mine&start=${start}&end=9223372036854775808`, "end"],
      [`tag=mine&start=${start}&end=soon`, "end"],
      [`tag=mine&start=${start}&end=${start}`, "end"],
      [`tag=mine&start=${start}&end=${start + 599_999_999_999n}`, "end"],
      [`tag=mine&start=${nowNs - 25n * hour}&end=${end}`, "start"],
      [`tag=mine&start=-9223372036854775808&end=9223372036854775807`, "start"],
    ] as const;
    for (const [query, field] of refused) {
      expectProblem(await ask("GET", `${gateway.url}/api?${query}`), "400 invalid", { field });
    }
    const untagged = await ask("GET", `${gateway.url}/api?start=-1h&end=-0s`);
    expectProblem(untagged, "400 invalid", {
      field: "tag",
      detail: /^Cannot use tag: it is missing/,
    });
    const seconds = `start=${start / s}&end=${end / s}`;
    expectProblem(await ask("GET", `${gateway.url}/api?tag=mine&${seconds}`), "400 invalid", {
      field: "end",
      detail: /these look like seconds, expected nanoseconds$/,
    });
    const lastHour = await ask("GET", `${gateway.url}/api?tag=mine&start=-1h&end=-0s`);
    expect(samplesOf(lastHour)).toHaveLength(1000);
    const unknown = await ask("GET", `${gateway.url}/api?tag=nobody&start=${start}&end=${end}`);
    expectProblem(unknown, "404 not_found", { detail: /"nobody"/ });
    const range = `start=${start}&end=9223372036854775807`;
    const widest = samplesOf(await ask("GET", `${gateway.url}/api?tag=mine&${range}`));
    expect([widest.length, widest.at(-1)?.time]).toEqual([1000, "9223372036854775807"]);
  });
});

describe("a series", () => {
  test("is available at any width, in columns, and filled", async () => {
    const startNs = nowNs - 2n * hour;
    const points = [0, 10, 70].map((minute, i) =>
      pointAt(startNs + BigInt(minute * 60) * s + 1n, i, -i),
    );
    await saveSeries(gateway, "few", points);
    const series = async (query: string) =>
      samplesOf(
        await ask(
          "GET",
          `${gateway.url}/v1/series/few?start=${startNs}&end=${nowNs}&points=4&${query}`,
        ),
      );
    const means = await series("agg=mean");
    for (const each of means) {
      const { from, to } = Object.fromEntries(Object.entries(each));
      const span = { fromNs: BigInt(String(from)), toNs: BigInt(String(to)) };
      const { mean } = referenceOf(points, span);
      expect(each.values ?? []).toEqual([...mean]);
    }
    expect(means.map(({ values }) => values)).toEqual([[0.5, -0.5], null, [2, -2], null]);
    const only = (samples: Sample[]) => samples.map(({ values }) => values?.[0] ?? null);
    expect(only(await series("agg=mean&columns=1&fill=previous"))).toEqual([-0.5, -0.5, -2, -2]);
    expect(only(await series("agg=mean&fill=none"))).toEqual([0.5, 2]);
    expect(only(await series("agg=count"))).toEqual([2, 0, 1, 0]);
    expect(only(await series("agg=max"))).toEqual([1, null, 2, null]);
    expect(only(await series("agg=last&columns=1"))).toEqual([-1, -1, -2, -2]);
    expect((await series("agg=moving&window=90m")).length).toBe(4);
    expect((await series("agg=lttb")).map(({ time }) => BigInt(time))).toEqual(
      points.map((p) => p.timeNs),
    );
    const utc = new Date(Number(startNs / 1_000_000n)).toISOString();
    const { status } = await ask("GET", `${gateway.url}${path}?start=${utc}&agg=twa`);
    expect(status).toBe(200);
    const average = await ask("GET", `${gateway.url}${path}?start=-90m&end=-1m&agg=avg`);
    expect(average.status).toBe(200);
    expect(average.json).toMatchObject({ agg: "mean" });
    const relative = await ask("GET", `${gateway.url}${path}/export?start=-2h&end=-0s`);
    expect(relative.status).toBe(200);
  });

  test("is refused for an invalid query, and the error names the field", async () => {
    const refused = [
      ["points=0", "points"],
      ["points=10001", "points"],
      ["agg=median", "agg"],
      ["fill=zero", "fill"],
      ["start=yesterday", "start"],
      ["start=5&end=5", "end"],
      ["agg=moving", "window"],
      ["window=5m", "window"],
      ["agg=moving&window=5x", "window"],
      ["agg=weighted", "weight"],
      ["agg=weighted&weight=64", "weight"],
      ["columns=a", "columns"],
      ["agg=lttb&columns=0,1", "columns"],
    ];
    for (const [query, field = ""] of refused) {
      const answer = await ask("GET", `${gateway.url}/v1/series/few?${query}`);
      expectProblem(answer, "400 invalid", { field });
    }
    expectProblem(await ask("GET", `${gateway.url}/v1/series/nobody`), "404 not_found");
    const nobody = ["/v1/series/%00", "/v1/series/%00/export", "/sse/series/%00", "/api?tag=%00"];
    for (const address of [...nobody, `/v1/series/${"long".repeat(200)}`]) {
      expectProblem(await ask("GET", gateway.url + address), "400 invalid", { field: "tag" });
    }
    for (const field of ["prefix", "after"]) {
      const answer = await ask("GET", `${gateway.url}/v1/series?${field}=a%00`);
      expectProblem(answer, "400 invalid", { field });
    }
    const whole = `start=-9223372036854775808&end=9223372036854775807&points=10000`;
    for (const agg of ["last", "mean", "twa", "count", "moving&window=100d"]) {
      const { status } = await ask("GET", `${gateway.url}/v1/series/few?${whole}&agg=${agg}`);
      expect([agg, status]).toEqual([agg, 200]);
    }
  });

  test("is in the list", async () => {
    const { json } = await ask("GET", `${gateway.url}/v1/series?prefix=plant/&limit=1`);
    expect(json.series).toHaveLength(1);
    expect(json.series[0]).toMatchObject({ tag, last: { values: [1e300, -0.1] } });
    const first = (await ask("GET", `${gateway.url}/v1/series?limit=1`)).json;
    expect([first.series[0].tag, first.next]).toEqual(["few", "few"]);
    const rest = (await ask("GET", `${gateway.url}/v1/series?after=few`)).json;
    expect(rest.series.map((each: { tag: string }) => each.tag)).toEqual(["mine", tag]);
    expectProblem(await ask("GET", `${gateway.url}/v1/series?limit=0`), "400 invalid", {
      field: "limit",
    });
  });
});

test("an answer has all that was acknowledged, while points move from the log to the store", async () => {
  const begunNs = nowNs - hour;
  const endedMs = Date.now() + 3000;
  let sent = 0;
  let acknowledged = 0;
  const write = async () => {
    while (Date.now() < endedMs) {
      const batch = Array.from({ length: 200 }, (_, i) =>
        pointAt(begunNs + BigInt(sent + i) * 1000n, 1),
      );
      sent += batch.length;
      await saveSeries(gateway, "moving", batch);
      acknowledged = sent;
    }
  };
  const range = `start=${begunNs}&end=${nowNs}`;
  const read = async (answered: (text: string) => number, address: string) => {
    let answers = 0;
    while (Date.now() < endedMs) {
      const before = acknowledged;
      if (before === 0) await Bun.sleep(5);
      else {
        const count = answered((await ask("GET", gateway.url + address)).text);
        expect(count).toBeGreaterThanOrEqual(before);
        expect(count).toBeLessThanOrEqual(sent);
        answers++;
      }
    }
    expect(answers).toBeGreaterThan(10);
  };
  await Promise.all([
    write(),
    read(
      (text) => JSON.parse(text).points[0].count,
      `/v1/series/moving?${range}&agg=count&points=1`,
    ),
    read((text) => text.split("\n").length - 1, `/v1/series/moving/export?${range}`),
  ]);
  expect(acknowledged).toBeGreaterThan(2000);
}, 20_000);

test("live measurements arrive as they are saved, and a stream resumes at its position", async () => {
  const live = readSse(`${gateway.url}/sse/series/live`);
  expect(await live.status).toBe(200);
  await saveSeries(gateway, "live", [pointAt(nowNs, 1.5, -2)]);
  await saveSeries(gateway, "other", [pointAt(nowNs, 9)]);
  await post(`${gateway.url}/v1/topics/measurements/records`, {
    time: Number(nowNs / s) * 1e9,
    tag: "live",
    values: [7],
  });
  const [first, second] = await live.take(2);
  expect(first?.data).toBe(`{"time":${nowNs},"tag":"live","values":[1.5,-2]}`);
  expect(second?.data).toBe(`{"time":${(nowNs / s) * s},"tag":"live","values":[7]}`);
  await live.close();
  const id = first?.id ?? "";
  for (const resumed of [
    readSse(`${gateway.url}/sse/series/live?after=${id}`),
    readSse(`${gateway.url}/sse/series/live`, { "last-event-id": id }),
  ]) {
    expect(await resumed.take(1)).toEqual(second === undefined ? [] : [second]);
    await resumed.close();
  }
  const tail = await ask("GET", `${gateway.url}/sse/series/live?tail=5`);
  expectProblem(tail, "400 invalid", { field: "tail" });
}, 20_000);

test("queries past the bound of concurrent ones are refused as retryable", async () => {
  const query = `${gateway.url}/v1/series/moving?points=10000&start=${nowNs - 10n * hour}&agg=last`;
  const answers = await Promise.all(Array.from({ length: 24 }, () => ask("GET", query)));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(24);
  for (const answer of refused) {
    expectProblem(answer, "429 overloaded");
    expect(answer.headers.get("retry-after")).toBe("1");
  }
}, 20_000);

test("without the database queries are refused, and answered again when it is back", async () => {
  const range = `start=${nowNs - hour}&end=${nowNs}`;
  const addresses = [
    `/api?tag=few&${range}`,
    `/v1/series/few?${range}`,
    "/v1/series",
    `/v1/series/few/export?${range}`,
  ].map((address) => `${gateway.url}${address}`);
  await server.kill9();
  try {
    for (const address of addresses) {
      const answer = await ask("GET", address);
      expectProblem(answer, "503 unavailable");
      expect(answer.headers.get("retry-after")).toBe("1");
    }
  } finally {
    await server.start();
  }
  for (const address of addresses) {
    await until(address, 10_000, async () => (await ask("GET", address)).status === 200);
  }
  expect(gateway.errors()).toEqual([]);
}, 40_000);
