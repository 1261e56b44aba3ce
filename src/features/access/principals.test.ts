/** What runs for somebody, long after the request, counts among what that caller may use. */

import { expect, test } from "bun:test";
import { bearer, manager, withNodes } from "../../../test/support/access-node.ts";
import { Allowances } from "../../core/access/allowance.ts";
import { openCaller } from "../../core/access/caller.ts";
import { Grants } from "../../core/access/grant.ts";
import { systemClock } from "../../core/clock.ts";

const perSecond = {
  requestsPerSecond: 0,
  recordsPerSecond: 10,
  bytesPerSecond: 0,
  streamsMax: 0,
  createsPerHour: 0,
};
const allowances = new Allowances(perSecond, systemClock, () => {});

test("a key, a token, a certificate and an anonymous caller have their limits without a request", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const adminKey = "a".repeat(32);
    const certificates = "DNS:orders = append topic:orders";
    const { guard, keys, principals } = await open(url, stack, {
      adminKey,
      certificates,
      allowances,
    });
    const admin = await guard.caller(bearer(adminKey));
    const { key, secret } = await keys.create({ ...manager, name: "silent" }, admin);
    const principal = {
      kind: "key",
      id: `key:${key.id}`,
      name: "silent",
      grants: Grants.none,
    } as const;
    const ofKey = principals.current(principal);
    expect([ofKey?.allowance, ofKey?.portion]).not.toContain(undefined);
    expect(await guard.caller(bearer(secret))).toBe(ofKey ?? openCaller);

    const certified = await guard.caller({
      certificate: { subject: "CN=x", names: ["DNS:orders"] },
    });
    const ofCertificate = principals.current(certified.principal);
    expect(ofCertificate?.portion).toBe(certified.portion);
    expect(ofCertificate?.allowance).toBe(certified.allowance);
    expect(certified.allowance).toBeDefined();

    const token = { kind: "token", id: "token:a", name: "a", grants: Grants.all } as const;
    const [first, second] = [principals.current(token), principals.current(token)];
    expect([first?.allowance, first?.portion]).not.toContain(undefined);
    expect(second?.allowance).toBe(first?.allowance);
    expect(second?.portion).toBe(first?.portion);

    const anonymous = principals.current(openCaller.principal);
    expect([anonymous?.allowance, anonymous?.portion]).not.toContain(undefined);
    expect(anonymous?.may("read", "topic", "any")).toBe(false);
    await keys.revoke(key.id, admin);
    expect(principals.current(principal)).toBeUndefined();
  });
}, 60_000);

test("an open gateway limits what runs where it limits requests, and never its one caller of all", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const free = await open(url, stack);
    expect(free.principals.current(openCaller.principal)).toBe(openCaller);
    const limiting = await open(url, stack, { allowances });
    const found = limiting.principals.current(openCaller.principal);
    expect([found?.isOpen, found?.allowance === undefined]).toEqual([true, false]);
    expect([openCaller.allowance, openCaller.portion]).toEqual([undefined, undefined]);
  });
}, 60_000);
