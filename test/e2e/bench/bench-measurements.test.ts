/**
 * `sluice bench save` and `sluice bench query`, small: that what they send is stored and counted, and
 * what they tell; not how fast anything is.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { runSluice } from "../../support/command.ts";
import { startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";

const testMs = 60_000;

describe("sluice bench save", () => {
  test(
    "by its own connections: the store has what was acknowledged",
    async () => {
      const load = ["--load", "own", "--seconds", "1", "--connections", "5", "--tags", "300"];
      const { code, output, errors } = await runSluice(["bench", "save", ...load, "--json"]).ended;
      expect(errors).not.toContain("Cannot");
      const summary = JSON.parse(output);
      expect(summary).toMatchObject({ bench: "save", ok: true, by: "own", connections: 5 });
      const { floor, gateway: measured, floorAgain } = summary.runs;
      expect(measured.acknowledged).toBeGreaterThan(50);
      // Its connections wait for their last answers.
      expect(measured.stored).toBe(measured.acknowledged);
      expect(measured).toMatchObject({ refused: 0, broken: 0 });
      for (const one of [floor, floorAgain]) {
        expect(one).toMatchObject({ refused: 0, stored: null });
      }
      expect(summary.ratios.requests_per_s).toBeGreaterThan(0);
      expect(code).toBe(0);
    },
    testMs,
  );

  const hasWrk = spawnSync("wrk", ["--version"]).error === undefined;
  test.skipIf(!hasWrk)(
    `by wrk and its script, printed for people ${hasWrk ? "" : "(skipped: wrk is not installed)"}`,
    async () => {
      const { code, output } = await runSluice(["bench", "save", "--load", "wrk", "--seconds", "1"])
        .ended;
      expect(output).toContain(
        "one measurement a request, of 10,000 tags, over 40 connections by wrk, log embedded",
      );
      expect(output).toMatch(/^refused, broken +0, 0 +0, 0 +0, 0$/m);
      expect(output).toMatch(/^counted in the store +- +[\d,]+ +-$/m);
      expect(output).toMatch(/^gateway by floor: 0\.\d+ of its requests per second/m);
      expect(output).not.toContain("LOST");
      expect(code).toBe(0);
    },
    testMs,
  );
});

const reason = natsSkipReason();
describe.skipIf(reason !== undefined)(`sluice bench query ${reason ?? ""}`, () => {
  let nats: NatsServer;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.stop());

  test(
    "on JetStream, over what was preloaded: nothing lost, answers right, the histogram of the original demo",
    async () => {
      const load = ["--seconds", "3", "--rate", "2000", "--preload", "30000", "--verify", "5"];
      const { code, output, errors } = await runSluice(
        ["bench", "query", ...load, "--queries", "30", "--log", "jetstream", "--json"],
        { NATS_URL: nats.url },
      ).ended;
      expect(errors).not.toContain("Cannot");
      const summary = JSON.parse(output);
      expect(summary).toMatchObject({ bench: "query", ok: true, wrong: null, verified: 5 });
      const { sent, acknowledged, expected, stored, queries, read_back: back } = summary;
      expect([sent, acknowledged]).toEqual([6000, 6000]);
      expect(expected).toBe(30_000 + 6000 + 100 + back.written);
      expect(stored).toBe(expected);
      expect(queries.failed).toBe(0);
      expect(queries.answered).toBeGreaterThan(10);
      expect(countsOf(queries.histogram)).toBe(queries.answered);
      expect(back.written).toBeGreaterThan(0);
      expect(back.at_once).toBeGreaterThan(0);
      expect(
        back.histogram.reduce((sum: number, { count }: { count: number }) => sum + count, 0),
      ).toBe(back.written);
      expect(code).toBe(0);
    },
    testMs,
  );

  test(
    "refuses a log that has measurements already, before anything is measured",
    async () => {
      const env = { NATS_URL: nats.url };
      const gateway = await startGateway({ env });
      await post(`${gateway.url}/save`, `{"time":${Date.now()}000000,"tag":"kept","values":[1]}`);
      for (const bench of ["save", "query"]) {
        const { code, errors } = await runSluice(["bench", bench, "--log", "jetstream"], env).ended;
        expect(errors).toBe(
          'Cannot measure on the log of NATS_URL: it has the topic "measurements" already, expected a NATS without it\n',
        );
        expect(code).toBe(1);
      }
      const { status } = await ask("GET", `${gateway.url}/v1/series/kept`);
      expect(status).toBe(200);
      await gateway.stop();
    },
    testMs,
  );
});

function countsOf(histogram: Readonly<Record<string, number>>): number {
  expect(Object.keys(histogram).toSorted()).toEqual(["10", "100+", "50", "99"]);
  return Object.values(histogram).reduce((sum, count) => sum + count, 0);
}
