/** Sessions, tickets and certificates on a real PostgreSQL, as two nodes see them. */

import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import {
  type AccessNode,
  bearer,
  failureOf,
  manager,
  withNodes,
} from "../../../test/support/access-node.ts";
import type { Caller } from "../../core/access/caller.ts";
import { parseGrants, renderGrant } from "../../core/access/grant.ts";
import type { Failure } from "../../core/failure.ts";

const adminKey = "a".repeat(32);
const jwtSecret = "j".repeat(32);

const cookie = (secret: string) => ({ cookie: `theme=dark; sluice_session=${secret}; a=b` });
const grantsOf = ({ principal }: Caller) => principal.grants.list.map(renderGrant);

/** Resolves once the caller has ended, which must be soon. */
async function endOf(caller: Caller, end: () => Promise<unknown>): Promise<string> {
  const ended = new Promise<Failure>((resolve) => void caller.onEnd(resolve));
  const startedMs = performance.now();
  await end();
  const { code } = await ended;
  expect(performance.now() - startedMs).toBeLessThan(1000);
  return code;
}

async function two(
  use: (
    a: AccessNode,
    b: AccessNode,
    admin: Caller,
    restart: () => Promise<AccessNode>,
  ) => Promise<void>,
): Promise<void> {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const options = { adminKey, jwtSecret };
    const [a, b] = [await open(url, stack, options), await open(url, stack, options)];
    const admin = await a.guard.caller(bearer(adminKey));
    await use(a, b, admin, () => open(url, stack, options));
  });
}

test("a session has its key's grants on every node, until it is closed or its key ends", async () => {
  await two(async (a, b, admin, restart) => {
    const { secret: key } = await a.keys.create(manager, admin);
    const owner = await a.guard.caller(bearer(key));
    const { secret } = await a.sessions.open(owner);
    const session = await b.guard.caller(cookie(secret));
    expect(session.principal).toMatchObject({ id: owner.principal.id, name: "admin" });
    expect(grantsOf(session)).toEqual(grantsOf(owner));
    const restarted = await restart();
    expect((await restarted.guard.caller(cookie(secret))).principal.id).toBe(owner.principal.id);

    // Neither is the other: a session is good as a cookie, a key in a header.
    expect(await failureOf(() => a.guard.caller(bearer(secret)))).toBe("unauthenticated");
    expect(await failureOf(() => a.guard.caller(cookie(key)))).toBe("unauthenticated");

    expect(await endOf(session, () => a.sessions.close(secret))).toBe("unauthenticated");
    expect(await failureOf(() => a.guard.caller(cookie(secret)))).toBe("unauthenticated");
    expect(owner.ended).toBeUndefined();

    const second = await a.sessions.open(owner);
    const other = await b.guard.caller(cookie(second.secret));
    expect(await endOf(other, () => a.keys.revoke("admin", admin))).toBe("unauthenticated");
    expect(await failureOf(() => b.guard.caller(cookie(second.secret)))).toBe("unauthenticated");

    const ofAdmin = await a.sessions.open(admin);
    expect((await b.guard.caller(cookie(ofAdmin.secret))).principal.name).toBe("SLUICE_ADMIN_KEY");
    expect(JSON.stringify([a.log, b.log])).not.toMatch(/sl[kst]_/);
  });
}, 60_000);

test("a session ends with its key at the latest", async () => {
  await two(async (a, _b, admin) => {
    const expiresMs = Date.now() + 1500;
    const { secret } = await a.keys.create({ ...manager, expiresMs }, admin);
    const session = await a.sessions.open(await a.guard.caller(bearer(secret)));
    expect(session.expiresMs).toBe(expiresMs);
    const caller = await a.guard.caller(cookie(session.secret));
    const ended = new Promise<Failure>((resolve) => void caller.onEnd(resolve));
    expect((await ended).message).toContain("has expired");
    expect(await failureOf(() => a.guard.caller(cookie(session.secret)))).toBe("unauthenticated");
  });
}, 60_000);

test("a ticket is good once, on any node, for what it names", async () => {
  await two(async (a, b, admin) => {
    const { secret: key } = await a.keys.create(manager, admin);
    const owner = await a.guard.caller(bearer(key));
    const grants = parseGrants("read topic:orders");
    const { text } = await a.tickets.create(grants, owner);
    const tries = await Promise.allSettled(
      [a, b, a, b, a, b].map(async ({ guard }) => await guard.caller({ ticket: text })),
    );
    const callers = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(callers).toHaveLength(1);
    const [caller] = callers;
    if (caller === undefined) throw new Error("no caller");
    expect([caller.principal.id, grantsOf(caller)]).toEqual([
      owner.principal.id,
      ["read topic:orders"],
    ]);
    expect(await failureOf(() => b.guard.caller({ ticket: text }))).toBe("unauthenticated");
    expect(await endOf(caller, () => a.keys.revoke("admin", admin))).toBe("unauthenticated");
    expect(await failureOf(() => a.guard.caller({ ticket: key }))).toBe("unauthenticated");
    expect(await failureOf(() => a.guard.caller(bearer(text)))).toBe("unauthenticated");
    expect(JSON.stringify([a.log, b.log])).not.toMatch(/sl[kst]_/);
  });
}, 60_000);

test("a ticket is not more than its creator, and ends with the creator's credential", async () => {
  await two(async (a, b, admin) => {
    const narrow = { ...manager, name: "narrow", grants: parseGrants("read topic:orders.*") };
    const { secret } = await a.keys.create(narrow, admin);
    const owner = await a.guard.caller(bearer(secret));
    for (const more of ["append topic:orders.a", "read topic:*", "read *", "read topic:other"]) {
      const created = failureOf(() => a.tickets.create(parseGrants(more), owner));
      expect([more, await created]).toEqual([more, "forbidden"]);
    }
    const unused = await a.tickets.create(parseGrants("read topic:orders.*"), owner);
    await a.keys.revoke("narrow", admin);
    expect(await failureOf(() => a.guard.caller({ ticket: unused.text }))).toBe("unauthenticated");

    const { secret: parent } = await a.sessions.open(admin);
    const page = await a.guard.caller(cookie(parent));
    const ofPage = await a.tickets.create(parseGrants("read topic:orders"), page);
    const opened = await b.guard.caller({ ticket: ofPage.text });
    expect(await endOf(opened, () => a.sessions.close(parent))).toBe("unauthenticated");

    const token = await new SignJWT({ sub: "browser", grants: ["read topic:orders"] })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("6s")
      .sign(new TextEncoder().encode(jwtSecret));
    const browser = await a.guard.caller(bearer(token));
    const ofToken = await a.tickets.create(parseGrants("read topic:orders"), browser);
    const stream = await b.guard.caller({ ticket: ofToken.text });
    expect(stream.principal).toMatchObject({ kind: "token", id: "token:browser" });
    const ended = new Promise<Failure>((resolve) => void stream.onEnd(resolve));
    expect((await ended).message).toContain("has expired");
  });
}, 60_000);

test("a client certificate is a principal, by the first of its names that the settings have", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const certificates = `
      # services
      URI:spiffe://prod/orders = append topic:orders.*, read topic:prices
      SUBJECT:CN=dash,O=Example = read *`;
    const { guard } = await open(url, stack, { certificates });
    const of = async (subject: string, ...names: string[]) =>
      await guard.caller({ certificate: { subject, names } });
    const orders = await of("CN=x", "DNS:x.example", "URI:spiffe://prod/orders");
    expect(orders.principal).toMatchObject({
      kind: "certificate",
      id: "certificate:URI:spiffe://prod/orders",
    });
    expect(grantsOf(orders)).toEqual(["append topic:orders.*", "read topic:prices"]);
    expect(grantsOf(await of("CN=dash,O=Example", "DNS:x.example"))).toEqual(["read *"]);
    const unknown = await of("CN=x", "DNS:other.example");
    expect(grantsOf(unknown)).toEqual([]);
    expect(await failureOf(() => unknown.require("read", "topic", "a"))).toBe("forbidden");
    for (const wrong of ["orders = read *", "URI:a=read *", "URI:a = write *", "DNS: = read *"]) {
      expect([wrong, await failureOf(() => open(url, stack, { certificates: wrong }))]).toEqual([
        wrong,
        "invalid",
      ]);
    }
  });
}, 60_000);
