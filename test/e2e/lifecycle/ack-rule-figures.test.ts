/** The figures of an ack rule are those of `sluice analyse acks`. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { until } from "../../support/until.ts";

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);
afterAll(async () => {
  await gateway.stop();
}, 30_000);

const url = (path: string): string => gateway.url + path;
const topics = ["f1", "f2", "f3"];
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

interface Figures {
  readonly since: string;
  readonly until: string;
  readonly cell_ms: number;
  readonly acks: readonly number[];
  readonly seen: Readonly<Record<string, readonly number[]>>;
  readonly delay_ms: object | null;
  readonly delays: readonly { readonly from_ms: number; to_ms: number; count: number }[];
  readonly read: number;
}

async function figures(query = ""): Promise<Figures> {
  const { status, json } = await ask("GET", url(`/v1/ack-rules/figured/figures${query}`));
  expect(status).toBe(200);
  return json;
}

test("counts, delays and their median are the same, whatever the cells", async () => {
  const body = JSON.stringify({ topics, output: "ack-f" });
  await ask("PUT", url("/v1/ack-rules/figured"), { body });
  await ask("PUT", url("/v1/ack-rules/other"), {
    body: JSON.stringify({ topics: ["f1"], output: "ack-f" }),
  });
  expect(await figures()).toMatchObject({ delay_ms: null, delays: [], read: 0 });
  const begunMs = Date.now();
  const ids = Array.from({ length: 300 }, (_, i) => ({ message_id: `m-${i}` }));
  for (let at = 0; at < ids.length; at += 30) {
    const some = ids.slice(at, at + 30);
    await post(url("/v1/topics/f1/records"), some);
    await post(url("/v1/topics/f2/records"), some);
    if (at < 270) await post(url("/v1/topics/f3/records"), some);
    await Bun.sleep(30);
  }
  await until("all acks", 10_000, async () => {
    const { json } = await ask("GET", url("/v1/ack-rules/figured/stats"));
    return json.complete === 270 && json.open === 30;
  });
  await Bun.sleep(300);
  const untilMs = Date.now() + 1;
  const { code, output } = await runSluice([
    ...["analyse", "acks", "--rule", "figured", "--json", "--url", gateway.url],
  ]).ended;
  expect(code).toBe(0);
  const analysed = JSON.parse(output);
  expect(analysed).toMatchObject({ ids: 300, acknowledged: 270, repeated: 0 });

  const time = (ms: number) => new Date(ms).toISOString();
  const range = `?since=${time(begunMs)}&until=${time(untilMs)}`;
  for (const cells of [1, 7, 200]) {
    const found = await figures(`${range}&cells=${cells}`);
    expect(found).toMatchObject({ since: time(begunMs), until: time(untilMs) });
    expect(found.cell_ms).toBeCloseTo((untilMs - begunMs) / cells, 6);
    expect(found.delay_ms).toEqual(analysed.delay_ms);
    expect(found.acks.length).toBe(cells);
    expect(sum(found.acks)).toBe(analysed.acknowledged);
    expect(Object.entries(found.seen).map(([topic, counts]) => [topic, sum(counts)])).toEqual([
      ["f1", 300],
      ["f2", 300],
      ["f3", 270],
    ]);
    expect(sum(found.delays.map(({ count }) => count))).toBe(270);
  }
  // Halves are the whole.
  const middle = time(Math.floor((begunMs + untilMs) / 2));
  const first = await figures(`?since=${time(begunMs)}&until=${middle}&cells=5`);
  const second = await figures(`?since=${middle}&until=${time(untilMs)}&cells=5`);
  expect(sum(first.acks) + sum(second.acks)).toBe(270);
  expect(sum(first.acks)).toBeGreaterThan(0);
  expect((await figures()).delay_ms).toEqual(analysed.delay_ms);
  expect(await figures(`?until=${time(begunMs - 1)}`)).toMatchObject({ delay_ms: null });
}, 60_000);

test("a time that ends before it begins is refused, and too many cells are", async () => {
  for (const query of [
    "since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z",
    "since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00.1Z&cells=101",
    "since=yesterday",
    "cells=0",
    "cells=1001",
  ]) {
    const { status } = await ask("GET", url(`/v1/ack-rules/figured/figures?${query}`));
    expect([query, status]).toEqual([query, 400]);
  }
});
