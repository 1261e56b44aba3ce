/** `sluice bench`, small: what it loses and what it reports, not how fast anything is. */

import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Tool, toolTest } from "../../support/tools.ts";

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const testMs = 60_000;
/** The command builds it: Go must be there. */
const loader: Tool = { name: "sluice-collect-loader", variable: "SLUICE_TEST_COLLECT_LOADER" };

const quick = ["--subscribers", "20", "--events", "50", "--rate", "200"];

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function bench(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, "bench", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output, errors }));
  });
}

describe("sluice bench fanout", () => {
  test.concurrent(
    "loses nothing over SSE, and reports everything about each run",
    async () => {
      const { code, output, errors } = await bench("fanout", ...quick, "--json");
      expect(errors).not.toContain("Cannot");
      expect(code).toBe(0);
      const summary = JSON.parse(output);
      expect(summary).toMatchObject({
        bench: "fanout",
        ok: true,
        transport: "sse",
        log: "embedded",
      });
      expect(summary).toMatchObject({
        subscribers: 20,
        slow: 0,
        events: 50,
        rate: 200,
        batch: 1,
        bytes: 200,
      });
      for (const name of ["floor", "gateway", "floorAgain"]) {
        const run = summary.runs[name];
        expect(run).toMatchObject({ delivered: 1000, lost: 0, duplicates: 0, dropped: 0 });
        const { p50, p90, p99, max, histogram } = run.latency_ms;
        expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].toSorted((a, b) => a - b));
        expect(p50).toBeGreaterThan(0);
        const counts = histogram.map((step: { count: number }) => step.count);
        expect(counts.reduce((sum: number, count: number) => sum + count)).toBe(1000);
        expect(run.complete_s).toBeGreaterThan(0.2);
        if (process.platform === "linux") {
          expect(run.rss_bytes).toBeGreaterThan(1024 ** 2);
          // Linux counts in ticks of 10 ms: a thousand deliveries of the floor may not fill one.
          expect(run.cpu_s).toBeGreaterThanOrEqual(name === "gateway" ? 0.01 : 0);
        }
      }
      expect(summary.ratios.p99).toBeGreaterThan(0);
      expect(summary.ratios.complete).toBeGreaterThan(0);
    },
    testMs,
  );

  test.concurrent(
    "does so over WebSocket, in batches, and prints it for people",
    async () => {
      const { code, output } = await bench(
        "fanout",
        ...quick,
        "--batch",
        "10",
        "--transport",
        "ws",
      );
      expect(code).toBe(0);
      expect(output).toContain(
        "20 ws subscribers, 50 events of 200 bytes at 200/s in batches of 10",
      );
      expect(output).toMatch(/^deliveries +1,000 +1,000 +1,000$/m);
      expect(output).toMatch(/^lost, duplicates +0, 0 +0, 0 +0, 0$/m);
      expect(output).toMatch(/^gateway by floor: /m);
    },
    testMs,
  );

  test.concurrent(
    "reports the memory of idle subscribers",
    async () => {
      const { code, output } = await bench("fanout", "--idle", "30", "--json");
      expect(code).toBe(0);
      const { idle, runs } = JSON.parse(output);
      expect(idle).toBe(30);
      for (const name of ["floor", "gateway", "floorAgain"]) expect(runs[name].open).toBe(30);
    },
    testMs,
  );

  test(
    "refuses what it cannot measure, and says what is expected",
    async () => {
      const wrong = await bench("fanout", "--bytes", "3");
      expect(wrong.code).toBe(2);
      expect(wrong.errors).toContain("Cannot use --bytes 3: expected a whole number from");
      const away = await bench("fanout", ...quick, "--url", "http://127.0.0.1:1");
      expect(away.code).toBe(1);
      expect(away.errors).toContain("Cannot reach http://127.0.0.1:1");
    },
    testMs,
  );
});

describe("sluice bench collect", () => {
  toolTest(
    loader,
    "accepts over streams what the log has afterwards, beside the floor",
    async () => {
      const load = ["--connections", "7", "--records", "3001", "--batch", "3"];
      const { code, output, errors } = await bench("collect", ...load, "--json");
      expect(errors).not.toContain("Cannot");
      expect(code).toBe(0);
      const summary = JSON.parse(output);
      expect(summary).toMatchObject({
        bench: "collect",
        ok: true,
        method: "collect",
        log: "embedded",
        connections: 7,
        // Whole messages.
        records: 3003,
        batch: 3,
      });
      expect(summary.runs.gateway).toMatchObject({ accepted: 3003, refused: 0, counted: 3003 });
      for (const name of ["floor", "floorAgain"]) {
        expect(summary.runs[name]).toMatchObject({ accepted: 3003, refused: 0, counted: null });
      }
      expect(summary.ratios.records_per_s).toBeGreaterThan(0);
      if (process.platform === "linux") {
        expect(summary.runs.gateway.peak_bytes).toBeGreaterThan(1024 ** 2);
      }
    },
    testMs,
  );

  toolTest(
    loader,
    "does so by unary calls, beside connect-es on the same log, and prints it for people",
    async () => {
      const load = ["--unary", "--connections", "5", "--calls", "3", "--records", "500"];
      const { code, output } = await bench("collect", ...load);
      expect(code).toBe(0);
      expect(output).toContain("500 records of 126 to 254 bytes, 1 a message, over 5 connections");
      expect(output).toMatch(/^accepted, refused +500, 0 +500, 0 +500, 0$/m);
      expect(output).toMatch(/^counted in the log +500 +500 +500$/m);
      expect(output).toMatch(/^gateway by floor: /m);
    },
    testMs,
  );

  toolTest(
    loader,
    "shows the forerunner's table, and what differs",
    async () => {
      const { code, output } = await bench("collect", "--records", "5000");
      expect(code).toBe(0);
      expect(output).toMatch(/^forerunner, 4 vCPU +45\.4 s +52\.6 s +63\.1 s$/m);
      expect(output).toMatch(/^here, \d+ cores for all +\d+\.\d s$/m);
      expect(output).toContain("Here load, gateway and log share");
    },
    testMs,
  );

  toolTest(
    loader,
    "refuses what it cannot measure, and says what is expected",
    async () => {
      const wrong = await bench("collect", "--grpc", "nowhere");
      expect(wrong.code).toBe(2);
      expect(wrong.errors).toContain("Cannot use --grpc nowhere: expected one like 127.0.0.1:4025");
      const away = await bench("collect", "--records", "100", "--grpc", "127.0.0.1:1");
      expect(away.code).toBe(1);
      expect(away.errors).toContain("Cannot measure: connection");
    },
    testMs,
  );
});
