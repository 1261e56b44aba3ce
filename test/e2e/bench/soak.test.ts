/** `sluice bench soak`, for seconds: what it loses and what it reports, not whether memory grows. */

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { runSluice } from "../../support/command.ts";

const testMs = 90_000;
const short = ["bench", "soak", "--minutes", "0.15", "--warm-up", "0.05", "--subscribers", "20"];
/** It reads the memory of the gateway there. */
const hasProc = existsSync("/proc/self/status");

describe("sluice bench soak", () => {
  test.skipIf(!hasProc)(
    `loses nothing while subscribers resume, and counts live objects ${hasProc ? "" : "(skipped: this system has no /proc)"}`,
    async () => {
      const load = ["--reconnect", "1", "--measurements", "100", "--watches", "5"];
      const { code, output, errors } = await runSluice([
        ...[...short, ...load, "--slope-max", "1000", "--json"],
      ]).ended;
      expect(errors).not.toContain("Cannot");
      const summary = JSON.parse(output);
      expect(summary).toMatchObject({
        bench: "soak",
        ok: true,
        warm_up_minutes: 0.05,
        load: { subscribers: 20, reconnect_s: 1, measurements_per_s: 100, watches: 5 },
        deliveries: { lost: 0, duplicates: 0, failed: 0 },
      });
      // Each subscriber resumes at least once, even where nine seconds are hardly enough to start.
      expect(summary.deliveries.connections).toBeGreaterThan(20);
      expect(summary.deliveries.delivered).toBeGreaterThan(100);
      expect(summary.memory.resident_bytes[0]).toBeGreaterThan(20 * 1024 ** 2);
      expect(summary.memory.slope_bytes_per_minute).toBeNumber();
      expect(Math.min(...summary.live.bytes)).toBeGreaterThan(1024 ** 2);
      expect(code).toBe(0);
    },
    testMs,
  );

  test("needs time after the warm-up", async () => {
    const { code, errors } = await runSluice([...short, "--warm-up", "1"]).ended;
    expect(errors).toContain("Cannot use --warm-up 1: expected less than --minutes");
    expect(code).toBe(2);
  });
});
