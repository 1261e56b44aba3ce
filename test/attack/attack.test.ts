/**
 * The attack suite's short form: each attack for a second. Its bounds of time are wide, because other
 * tests run beside it; they are still a tenth of the freezes that these attacks once caused. `bun run
 * attack` has the real ones, for a quiet machine.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { attacks } from "./all.ts";
import { anyTime, besiege, faultsOf, prepare, spread } from "./siege.ts";

const memoryMega = 1024;
const bounds = { livezP99Ms: 2500, livezMaxMs: 2500, deliveryP99Ms: 3000, memoryMega };

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({
    env: { SLUICE_MEMORY_BYTES: String(memoryMega * 1024 * 1024) },
  });
  await prepare(gateway);
}, 120_000);

afterAll(async () => {
  // Not one of them is a failure of the gateway.
  expect(gateway.errors()).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});

test.each(Object.keys(attacks))(
  "%s",
  async (name) => {
    const siege = await besiege(gateway, [name], { seconds: 1, clients: 2 });
    expect(faultsOf(siege, bounds)).toEqual([]);
  },
  40_000,
);

test("twenty at once, beside well-behaved clients: nothing is lost or delivered twice, and none of them fails", async () => {
  const twenty = spread(Object.keys(attacks), 20);
  expect(twenty).toHaveLength(20);
  const crowd = { subscribers: 50, recordsPerSecond: 500 };
  const siege = await besiege(gateway, twenty, { seconds: 4, clients: 1, crowd });
  expect(faultsOf(siege, { ...anyTime, memoryMega })).toEqual([]);
  expect(siege.crowd?.acknowledged).toBeGreaterThan(100);
}, 120_000);
