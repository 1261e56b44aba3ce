/** Commands that talk to a gateway with a certificate of a private authority. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Authority } from "../../support/certificates.ts";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";

const authority = new Authority();
const pair = authority.issue({ name: "gateway" });
const settings = { SLUICE_TLS_CERT: pair.cert, SLUICE_TLS_KEY: pair.key };

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({ env: settings });
}, 60_000);

afterAll(async () => {
  await gateway.stop();
});

function run(args: readonly string[], input = "", env: Readonly<Record<string, string>> = {}) {
  const trusting = { SLUICE_URL: gateway.url, NODE_EXTRA_CA_CERTS: authority.ca };
  return runSluice(args, { ...trusting, ...env }, input).ended;
}

describe("with NODE_EXTRA_CA_CERTS", () => {
  test("records go in and out: over HTTP, WebSocket and gRPC", async () => {
    const published = await run(["publish", "orders"], `{"n":1}\n{"n":2}\n`);
    expect(published).toMatchObject({ code: 0, errors: expect.any(String) });
    const watched = await run(["watch", "orders", "--after", "earliest", "--limit", "2"]);
    expect(watched).toMatchObject({ code: 0, output: expect.stringContaining(`{"n":2}`) });
    const consumed = await run(["consume", "orders", "--after", "earliest", "--limit", "2"]);
    expect(consumed).toMatchObject({ code: 0, output: expect.stringContaining(`"n":2`) });
    const listed = await run(["topic", "list"]);
    expect(listed).toMatchObject({ code: 0, output: expect.stringContaining("orders") });
    const subjects = await run(["schema", "list"]);
    expect(subjects.code).toBe(0);
  }, 60_000);

  test("health queries the gateway of this environment by https", async () => {
    const [port, grpcPort] = [gateway.url, gateway.grpcUrl].map((url) => new URL(url).port);
    const env = { SLUICE_URL: "", SLUICE_PORT: port ?? "", SLUICE_GRPC_PORT: grpcPort ?? "" };
    // Its own certificate needs no trust: nobody stands between a node and itself.
    const health = await run(["health"], "", { ...env, ...settings, NODE_EXTRA_CA_CERTS: "" });
    expect(health).toMatchObject({ code: 0, output: expect.stringContaining("ready") });
  }, 60_000);
});

test("without it a command says what it does not trust, and does not try again", async () => {
  const commands = [
    ["publish", "orders"],
    ["watch", "orders", "--after", "earliest", "--limit", "1"],
    ["consume", "orders", "--after", "earliest", "--limit", "1"],
    ["topic", "list"],
    ["health", "--url", gateway.url],
  ];
  for (const command of commands) {
    const { code, errors } = await run(command, `{"n":1}\n`, { NODE_EXTRA_CA_CERTS: "" });
    expect({ command, code: code === 0, errors }).toEqual({
      command,
      code: false,
      errors: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
  }
}, 60_000);
