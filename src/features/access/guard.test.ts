/** Callers without a credential, and wrong credentials, by where they come from. */

import { expect, test } from "bun:test";
import { bearer, failureOf, withNodes } from "../../../test/support/access-node.ts";
import { Allowances } from "../../core/access/allowance.ts";
import { systemClock as clock } from "../../core/clock.ts";

const adminKey = "a".repeat(32);
const limits = {
  requestsPerSecond: 10,
  recordsPerSecond: 0,
  bytesPerSecond: 0,
  streamsMax: 0,
  createsPerHour: 0,
};

/** 61 addresses of one /64: one more than may be wrong at once. */
const ofOneNetwork = Array.from({ length: 61 }, (_, i) => `2001:db8:1:2::${i.toString(16)}`);
const wrapped = "::ffff:192.0.2.7";

test("all addresses of an IPv6 /64 share what one client has, and a wrapped address is the one in it", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const allowances = new Allowances(limits, clock, () => {});
    const { guard } = await open(url, stack, { allowances });
    const at = async (address: string) => guard.caller({ address: () => address });
    const one = await at(ofOneNetwork[0] ?? "");
    expect(one.allowance).toBeDefined();
    expect(one.portion).toBeDefined();
    for (const address of ofOneNetwork) expect(await at(address)).toBe(one);
    expect((await at("2001:db8:1:3::1")).allowance).not.toBe(one.allowance);
    expect((await at("2001:db8:1:3::1")).portion).not.toBe(one.portion);
    expect(await at(wrapped)).toBe(await at("192.0.2.7"));
    expect((await at("192.0.2.8")).allowance).not.toBe((await at(wrapped)).allowance);

    const closed = await open(url, stack, { adminKey });
    const wrongAt = (address: string) =>
      failureOf(() => closed.guard.caller({ ...bearer("wrong"), address: () => address }));
    const failures: string[] = [];
    for (const address of ofOneNetwork) failures.push(await wrongAt(address));
    expect(failures).toEqual([...Array<string>(60).fill("unauthenticated"), "overloaded"]);
    expect(await wrongAt("2001:db8:1:3::1")).toBe("unauthenticated");
    for (let i = 0; i < 60; i++) await wrongAt("192.0.2.7");
    expect(await wrongAt(wrapped)).toBe("overloaded");
  });
}, 60_000);
