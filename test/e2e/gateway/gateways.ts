/** Gateways of a test file, which are stopped after each test and whose log lines are checked. */

import { afterEach, expect } from "bun:test";
import { type GatewayOptions, type GatewayProcess, startGateway } from "../../support/gateway.ts";

/** A test that waits for states, on a machine where one start may take half a minute. */
export const timeoutMs = 180_000;

/** Registers the hook of a test file, and returns the function that starts a gateway. */
export function startingGateways(): (options?: GatewayOptions) => Promise<GatewayProcess> {
  const started: GatewayProcess[] = [];
  afterEach(async () => {
    const gateways = started.splice(0);
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    for (const gateway of gateways) {
      const lines = gateway.log().split("\n");
      for (const line of lines.filter((one) => one !== "")) expectLogLine(line);
    }
  }, 60_000);
  return async (options = {}) => {
    const gateway = await startGateway(options);
    started.push(gateway);
    return gateway;
  };
}

function expectLogLine(line: string): void {
  expect(JSON.parse(line)).toMatchObject({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: expect.stringMatching(/^(debug|info|warn|error|audit)$/),
    message: expect.any(String),
  });
}
