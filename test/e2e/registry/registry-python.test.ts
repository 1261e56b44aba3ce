// Confluent's Python client against a real gateway. It caches more than the one for JavaScript.

import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { pythonClients } from "../../support/python-clients.ts";
import { runTool, toolTest } from "../../support/tools.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

toolTest(
  pythonClients,
  "one client object of Confluent's Python client reads what it wrote, however it finds the schema",
  async (python) => {
    const program = join(import.meta.dir, "python/round_trip.py");
    const { code, output, errors } = await runTool([python, program, gateway.url]);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const lines = output.trim().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { case: "registered", read: { symbol: "kg" } },
      { case: "with a reference", read: { label: "weight", unit: { symbol: "kg" } } },
      { case: "registered", read: { symbol: "kg" } },
      { case: "registered", read: { symbol: "kg" } },
      {
        case: "text",
        read: 'syntax = "proto3"; package trip; message Unit { string symbol = 1; }',
      },
      { case: "as text", read: { symbol: "kg" } },
    ]);
  },
);
