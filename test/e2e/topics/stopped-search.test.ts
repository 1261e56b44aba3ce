// A search whose caller has left: it ends at once, whatever it was doing, and makes room for others.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Turns } from "../../../src/core/budget/turn.ts";
import { systemClock as clock } from "../../../src/core/clock.ts";
import { Failure, failureFrom } from "../../../src/core/failure.ts";
import { defaultTopicSettings } from "../../../src/core/topic.ts";
import { createDecoders } from "../../../src/features/registry/decode/decoders.ts";
import { createRecordFilters } from "../../../src/features/registry/filter/filters.ts";
import { defaultPageOptions, Pages } from "../../../src/log/pages.ts";
import type { PostgresLog } from "../../../src/log/postgres/postgres-log.ts";
import { migrate } from "../../../src/postgres/migrate.ts";
import { openNode } from "../../contract/log/postgres-node.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { seededRandom } from "../../support/random.ts";
import { until } from "../../support/until.ts";

let database: TestDatabase;
let log: PostgresLog;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  await migrate({ url: database.url });
  log = await openNode(database.url);
  await log.create("haystack", { ...defaultTopicSettings, layout: "frames" });
  const value = new TextEncoder().encode(JSON.stringify({ text: "x".repeat(400) }));
  const record = { value, key: "", contentType: "application/json", schemaId: 0, timeNs: 0n };
  for (let i = 0; i < 60; i++) {
    await log.append(
      "haystack",
      Array.from({ length: 1000 }, () => record),
    );
  }
}, 60_000);

afterAll(async () => {
  await log.close();
  await database.drop();
}, 30_000);

const noSchemas = {
  schema: () => Promise.reject(new Failure("unavailable", "no registry")),
  schemaOfGuid: () => Promise.reject(new Failure("unavailable", "no registry")),
  onPurged() {},
};

/** The bound that the dashboard gives to its users. */
const stopMsMax = 200;

test("a search ends within 200 ms of its caller, running or waiting for others", async () => {
  const turns = new Turns();
  const options = { ...defaultPageOptions, searchMs: 60_000 };
  const pages = new Pages({ log, clock, turns, options });
  const filters = createRecordFilters(createDecoders(noSchemas), turns);
  const filter = await filters.compile({ where: 'value.text.matches("^(y|z)+$")' });
  const view = { filter, render: () => [] };
  const seed = 3;
  const random = seededRandom(seed);
  const tookMs: number[] = [];
  for (let round = 0; round < 6; round++) {
    // Four search at once, and the others wait for them.
    const searches = Array.from({ length: 6 }, () => {
      const leaving = new AbortController();
      const { signal } = leaving;
      const end = pages.scan("haystack", undefined, { limit: 100 }, view, { signal }).then(
        () => "an answer",
        (error: unknown) => failureFrom(error).code,
      );
      return { leaving, end };
    });
    // It takes some seconds of the processor, which other tests may have.
    await until("four searches that go far", 40_000, async () => pages.searches === 4);
    await Bun.sleep(random.int(60));
    const sinceMs = performance.now();
    for (const { leaving } of searches) leaving.abort();
    const ends = await Promise.all(searches.map(({ end }) => end));
    tookMs.push(performance.now() - sinceMs);
    expect({ seed, round, ends }).toEqual({ seed, round, ends: Array(6).fill("cancelled") });
    expect(pages.searches).toBe(0);
  }
  expect(Math.max(...tookMs)).toBeLessThan(stopMsMax);
}, 250_000);
