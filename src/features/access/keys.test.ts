/** Keys on a real PostgreSQL, as two nodes see them. */

import { expect, setSystemTime, test } from "bun:test";
import {
  bearer,
  failureOf,
  manager,
  openNode,
  withNodes,
} from "../../../test/support/access-node.ts";
import { withPostgres } from "../../../test/support/postgres.ts";
import { until } from "../../../test/support/until.ts";
import { Caller, openCaller } from "../../core/access/caller.ts";
import { Grants, parseGrants } from "../../core/access/grant.ts";
import { Failure } from "../../core/failure.ts";
import { migrate } from "../../postgres/migrate.ts";

test("the first key closes every node, and must be one that can manage keys", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const [a, b] = [await open(url, stack), await open(url, stack)];
    expect([a.guard.isClosed, b.guard.isClosed]).toEqual([false, false]);
    expect(await a.guard.caller(bearer("anything"))).toBe(openCaller);

    const narrow = { ...manager, name: "narrow", grants: parseGrants("read *") };
    expect(await failureOf(() => a.keys.create(narrow, openCaller))).toBe("conflict");
    const short = { ...manager, expiresMs: Date.now() + 60_000 };
    expect(await failureOf(() => a.keys.create(short, openCaller))).toBe("conflict");
    expect(a.guard.isClosed).toBe(false);

    const { secret } = await a.keys.create(manager, openCaller);
    expect(a.guard.isClosed).toBe(true);
    await until("the other node is closed", 1000, () => Promise.resolve(b.guard.isClosed));
    expect((await b.guard.caller({})).principal.grants).toBe(Grants.none);
    expect((await b.guard.caller(bearer(secret))).principal.name).toBe("admin");
    expect(await failureOf(() => b.guard.caller(bearer(`${secret.slice(0, -2)}AA`)))).toBe(
      "unauthenticated",
    );
    const caller = await a.guard.caller(bearer(secret));
    expect(await failureOf(() => a.keys.revoke("admin", caller))).toBe("conflict");
    await a.keys.create(narrow, caller);
    expect(await failureOf(() => a.keys.create(narrow, caller))).toBe("conflict");
    const wider = { ...narrow, name: "wider", grants: parseGrants("append topic:a") };
    expect(await failureOf(() => a.keys.create(wider, caller))).toBe("forbidden");
  });
}, 60_000);

for (const isDeaf of [false, true]) {
  test(`a revoked key ends within a second on ${isDeaf ? "a node that hears of nothing" : "every node"}`, async () => {
    await withNodes(async (open, url) => {
      await using stack = new AsyncDisposableStack();
      const adminKey = "a".repeat(32);
      const a = await open(url, stack, { adminKey });
      const b = await open(url, stack, { adminKey, isDeaf });
      const admin = await a.guard.caller(bearer(adminKey));
      expect(admin.principal.grants).toBe(Grants.all);
      for (const round of ["first", "second"]) {
        const { secret, key } = await a.keys.create({ ...manager, name: round }, admin);
        // At once, although no poll may have come in between.
        const caller = await b.guard.caller(bearer(secret));
        expect(b.guard.caller(bearer(secret))).toBe(caller);
        const ended = new Promise<Failure>((resolve) => void caller.onEnd(resolve));
        const startedMs = performance.now();
        await a.keys.revoke(key.id, admin);
        expect((await ended).code).toBe("unauthenticated");
        expect(performance.now() - startedMs).toBeLessThan(1000);
        expect(await failureOf(() => a.guard.caller(bearer(secret)))).toBe("unauthenticated");
        expect(await failureOf(() => b.guard.caller(bearer(secret)))).toBe("unauthenticated");
      }
      expect(JSON.stringify([a.log, b.log])).not.toContain("slk_");
      expect(a.log.map(([line]) => line).filter((line) => line.startsWith("audit"))).toEqual([
        "audit create key",
        "audit delete key",
        "audit create key",
        "audit delete key",
      ]);
    });
  }, 60_000);
}

test("a key ends when it expires, and keeps the gateway closed", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const node = await open(url, stack);
    const first = await node.keys.create(manager, openCaller);
    const admin = await node.guard.caller(bearer(first.secret));
    const soon = { ...manager, name: "soon", expiresMs: Date.now() + 1000 };
    const { secret } = await node.keys.create(soon, admin);
    const caller = await node.guard.caller(bearer(secret));
    const ended = new Promise<Failure>((resolve) => void caller.onEnd(resolve));
    expect((await ended).message).toContain("has expired");
    expect(Date.now() - soon.expiresMs).toBeLessThan(1000);
    expect(await failureOf(() => node.guard.caller(bearer(secret)))).toBe("unauthenticated");
  });
}, 60_000);

test("without its database a node knows the keys that it knew, and refuses to guess", async () => {
  await withPostgres(async (url, server) => {
    await migrate({ url });
    await using stack = new AsyncDisposableStack();
    const node = await openNode(url, stack);
    const { secret } = await node.keys.create(manager, openCaller);
    await server.kill9();
    try {
      expect((await node.guard.caller(bearer(secret))).principal.name).toBe("admin");
      const unknown = `slk_00000000_${"A".repeat(43)}`;
      expect(await failureOf(() => node.guard.caller(bearer(unknown)))).toBe("unavailable");
      expect(node.guard.isClosed).toBe(true);
      const known = await node.guard.caller(bearer(secret));
      const ended = new Promise<Failure>((resolve) => void known.onEnd(resolve));
      // What it knows counts for five minutes: meanwhile the key may have been revoked.
      setSystemTime(Date.now() + 6 * 60_000);
      expect((await ended).code).toBe("unavailable");
      expect(await failureOf(() => node.guard.caller(bearer(secret)))).toBe("unavailable");
      expect(node.guard.isClosed).toBe(true);
    } finally {
      setSystemTime();
      await server.start();
    }
    await until("the key counts again", 10_000, async () => {
      return (await failureOf(() => node.guard.caller(bearer(secret)))) === "none";
    });
    const caller = new Caller({ ...openCaller.principal, id: "test" });
    await until("keys are created again", 10_000, async () => {
      const { code } = await node.keys.create({ ...manager, name: "next" }, caller).then(
        () => ({ code: "created" }),
        (error: unknown) => ({ code: error instanceof Failure ? error.code : "" }),
      );
      return code === "created" || code === "conflict";
    });
  });
}, 60_000);

test("every form that clients send a key in", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const { guard, keys } = await open(url, stack);
    const { secret, key } = await keys.create(manager, openCaller);
    const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
    for (const credentials of [
      { authorization: `bearer ${secret}` },
      { authorization: `Token ${secret}` },
      { authorization: `Token someone:${secret}` },
      basic(`someone:${secret}`),
      basic(`${key.id}:${secret}`),
      basic(`${secret}:`),
      basic(secret),
      { user: "someone", password: secret },
      { user: secret, password: "" },
    ]) {
      expect((await guard.caller(credentials)).principal.id).toBe(`key:${key.id}`);
    }
    for (const credentials of [
      { authorization: "" },
      { authorization: secret },
      { authorization: `Digest ${secret}` },
      { authorization: "Bearer " },
      { authorization: `Bearer ${"x".repeat(20_000)}` },
      basic(`${secret}:x`),
      basic(":"),
      { authorization: "Basic %%%" },
      { user: "", password: "" },
      { user: secret, password: "x" },
    ]) {
      expect([credentials, await failureOf(() => guard.caller(credentials))]).toEqual([
        credentials,
        "unauthenticated",
      ]);
    }
  });
}, 60_000);

test("many wrong credentials of one address are slowed down, and right ones are not", async () => {
  await withNodes(async (open, url) => {
    await using stack = new AsyncDisposableStack();
    const { guard, keys } = await open(url, stack);
    const { secret } = await keys.create(manager, openCaller);
    const wrong = bearer(`${secret.slice(0, 14)}${"A".repeat(42)}`);
    const codes = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const code = await failureOf(() => guard.caller(wrong));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()]).toEqual(["unauthenticated", "overloaded"]);
    expect(codes.get("unauthenticated")).toBeWithin(60, 63);
    expect((await guard.caller(bearer(secret))).principal.name).toBe("admin");
    expect(await failureOf(() => guard.caller({ ...wrong, address: () => "other" }))).toBe(
      "unauthenticated",
    );
  });
}, 60_000);
