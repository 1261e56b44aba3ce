/** The producer against a server that refuses, breaks off and comes back: everything arrives. */

import { afterAll, expect, test } from "bun:test";
import { createServer, type IncomingMessage } from "node:http";
import { Gateway } from "../gateway/gateway.ts";
import { produceMeasurements } from "./measurements-producer.ts";
import { Schedule } from "./measurements-profile.ts";
import { SimulatedSeries } from "./measurements-series.ts";
import { MeasurementTally } from "./measurements-tally.ts";
import { createRandom } from "./random.ts";

type Behaviour = "take" | "overloaded" | "cut" | "invalid" | "refuse-first";

/** What the next requests meet; after these each is taken. */
let behaviours: Behaviour[] = [];
const taken: string[] = [];
let requests = 0;

const server = createServer((request, response) => {
  requests++;
  const behaviour = behaviours.shift() ?? "take";
  void bodyOf(request).then((body) => {
    const lines = body.trimEnd().split("\n");
    if (behaviour === "cut") return request.socket.destroy();
    if (behaviour === "overloaded") {
      response.writeHead(429, { "retry-after": "1", "content-type": "application/problem+json" });
      return response.end(JSON.stringify({ code: "overloaded", detail: "Too much" }));
    }
    if (behaviour === "invalid") {
      response.writeHead(400, { "content-type": "application/problem+json" });
      return response.end(JSON.stringify({ code: "invalid", detail: "Cannot take this" }));
    }
    const first = behaviour === "refuse-first" ? 1 : 0;
    taken.push(...lines.slice(first));
    response.writeHead(first === 0 ? 200 : 207);
    const refused = lines.slice(0, first).map(() => ({ message: "Cannot use tag" }));
    return response.end(JSON.stringify({ accepted: lines.length - first, refused }));
  });
});
const url = await new Promise<string>((resolve) => {
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    resolve(`http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`);
  });
});
afterAll(() => void server.close());

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

function run(rate: number, seconds: number, met: readonly Behaviour[]) {
  behaviours = [...met];
  taken.length = 0;
  requests = 0;
  const tally = new MeasurementTally();
  const stop = new AbortController();
  const abandon = new AbortController();
  const over = produceMeasurements({
    url: new Gateway(url),
    tally,
    series: new SimulatedSeries({ random: createRandom(1), tags: 100, values: 2, prefix: "t-" }),
    schedule: new Schedule("steady", rate, seconds),
    connections: 3,
    stop: stop.signal,
    abandon: abandon.signal,
  });
  return { tally, stop, abandon, over };
}

const timesOf = (lines: readonly string[]) => lines.map((line) => line.slice(8, 27));

test("sends measurements at the rate, in batches, each with a different time", async () => {
  const startMs = performance.now();
  const { tally, over } = run(5000, 0.5, []);
  await over;
  expect(performance.now() - startMs).toBeGreaterThan(450);
  expect(taken).toHaveLength(2500);
  expect(new Set(timesOf(taken)).size).toBe(2500);
  expect(tally).toMatchObject({ sent: 2500, acknowledged: 2500, refused: 0, retries: 0 });
  expect(requests).toBeLessThan(200);
});

test("retries only batches that were refused as retryable or cut off", async () => {
  const { tally, over } = run(2000, 0.3, ["take", "overloaded", "cut", "cut"]);
  await over;
  expect(timesOf(taken).toSorted()).toEqual([...new Set(timesOf(taken))].toSorted());
  expect(taken).toHaveLength(600);
  expect(tally).toMatchObject({ sent: 600, acknowledged: 600, retries: 3 });
  expect(tally.summary()).toContain(
    "600 measurements sent, 600 acknowledged, 3 batches sent again",
  );
});

test("counts single refusals, and throws on a permanent error", async () => {
  const one = run(100, 0.05, ["refuse-first"]);
  await one.over;
  expect(one.tally.refused).toBe(1);
  expect(one.tally.acknowledged).toBe(one.tally.sent - 1);
  const other = run(100, 0.05, ["invalid"]);
  expect(await other.over.catch((error: unknown) => error)).toMatchObject({
    code: "invalid",
    message: "Cannot take this",
  });
});

test("ends on its signal: batches in flight are still sent, unless they are abandoned", async () => {
  const stopped = run(1000, 0, []);
  setTimeout(() => stopped.stop.abort(), 100);
  await stopped.over;
  expect(stopped.tally.acknowledged).toBe(stopped.tally.sent);
  expect(stopped.tally.sent).toBeGreaterThan(50);
  const abandoned = run(
    1000,
    0,
    Array.from({ length: 100 }, () => "overloaded" as const),
  );
  setTimeout(() => abandoned.stop.abort(), 50);
  setTimeout(() => abandoned.abandon.abort(), 100);
  await abandoned.over;
  expect(abandoned.tally.acknowledged).toBe(0);
});
