/** `sluice bench` on a gateway that runs already and asks for a key. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ClosedGateway, startClosedGateway } from "../../support/closed-gateway.ts";
import { runSluice } from "../../support/command.ts";
import { type Tool, toolTest } from "../../support/tools.ts";

const testMs = 60_000;
/** The command builds it: Go must be there. */
const loader: Tool = { name: "sluice-collect-loader", variable: "SLUICE_TEST_COLLECT_LOADER" };

let gateway: ClosedGateway;
let key: string;

beforeAll(async () => {
  gateway = await startClosedGateway();
  key = await gateway.key("read *, append *, manage *");
}, testMs);

afterAll(async () => void (await gateway.stop()));

test(
  "fanout sends the key with its events and for its subscribers, over both transports",
  async () => {
    const load = ["--subscribers", "5", "--events", "20", "--rate", "200"];
    const args = ["bench", "fanout", ...load, "--url", gateway.url, "--json"];
    for (const transport of ["sse", "ws"]) {
      const all = [...args, "--transport", transport, "--api-key", key];
      const { code, output } = await runSluice(all).ended;
      expect(code).toBe(0);
      const { runs } = JSON.parse(output);
      expect(runs.gateway).toMatchObject({ delivered: 100, lost: 0, dropped: 0 });
    }
    const without = await runSluice(args).ended;
    expect([without.code, without.errors]).toEqual([1, expect.stringContaining("manage emitter:")]);
  },
  testMs,
);

test(
  "query sends the key with all that it writes and asks",
  async () => {
    const load = ["--seconds", "1", "--rate", "200", "--tags", "20", "--verify", "3"];
    const args = ["bench", "query", ...load, "--url", gateway.url, "--json"];
    const { code, output } = await runSluice(args, { SLUICE_KEY: key }).ended;
    expect([code, JSON.parse(output).ok]).toEqual([0, true]);
  },
  testMs,
);

toolTest(
  loader,
  "collect sends the key with each call",
  async () => {
    const load = ["--connections", "2", "--records", "50", "--unary"];
    const args = ["bench", "collect", ...load, "--grpc", new URL(gateway.grpcUrl).host, "--json"];
    const { output } = await runSluice([...args, "--api-key", key]).ended;
    expect(JSON.parse(output).runs.gateway).toMatchObject({ accepted: 50, refused: 0 });
  },
  testMs,
);
