import { expect, test } from "bun:test";
import { callerWith, nobody } from "../../../test/support/callers.ts";
import { text, withRegistries } from "../../../test/support/registry-rig.ts";
import type { Caller } from "../../core/access/caller.ts";
import { Portions } from "../../core/access/portion.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import { type CallerRegistry, registryFor } from "./guarded.ts";
import { allSubjects, RegistryFailure } from "./registry-port.ts";
import type { Registry } from "./registry.ts";

const orders = 'syntax = "proto3"; package shop; message Order { string id = 1; }';
const carts =
  'syntax = "proto3"; package shop; import "order.proto"; message Cart { Order order = 1; }';
const secret = 'syntax = "proto3"; package bank; message Secret { string pin = 1; }';
const live = { deleted: false };

/** Three subjects: `shop.cart` refers to `shop.order`, and `bank` is apart. */
async function withSubjects(use: (registry: Registry) => Promise<void>): Promise<void> {
  await withRegistries(1, async (registry) => {
    await registry.register("shop.order", text(orders));
    await registry.register("shop.cart", text(carts, "order.proto=shop.order"));
    await registry.register("bank", text(secret));
    await use(registry);
  });
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return error;
  }
}

const page = { prefix: "", deleted: true, offset: 0, limit: 10 };

test("lists show the subjects that may be read, in full pages", async () => {
  await withSubjects(async (registry) => {
    const by = registryFor(registry, callerWith("read subject:shop.*, append subject:bank"));
    expect(await by.subjects(page)).toEqual(["shop.cart", "shop.order"]);
    expect(await by.subjects({ ...page, limit: 1, offset: 1 })).toEqual(["shop.order"]);
    const versions = await by.versions({ ...page, latestOnly: true });
    expect(versions.map(({ subject }) => subject)).toEqual(["shop.cart", "shop.order"]);
    const all = registryFor(registry, callerWith("read subject:*"));
    expect(await all.subjects(page)).toEqual(["bank", "shop.cart", "shop.order"]);
  });
}, 60_000);

test("a schema that may not be read is answered exactly as one that does not exist", async () => {
  await withSubjects(async (registry) => {
    const by = registryFor(registry, callerWith("read subject:shop.cart"));
    const { id, guid } = await registry.version("bank", 1, live);
    const cart = await registry.version("shop.cart", 1, live);
    const other = id + 1000;
    /** What the answer says of something whose name is cut out. */
    const told = async (work: Promise<unknown>, name: string | number) => {
      const error = failureFrom(await outcome(work));
      const reason = error instanceof RegistryFailure ? error.reason : undefined;
      return [error.code, reason, error.message.replace(String(name), "…")];
    };
    const noGuid = "00000000-0000-0000-0000-000000000000";
    const message = "bank.Secret";
    const pairs = [
      [await told(by.schema(other), other), await told(by.schema(id), id)],
      [await told(by.versionsOfId(other), other), await told(by.versionsOfId(id), id)],
      [await told(by.fileDescriptor(other), other), await told(by.fileDescriptor(id), id)],
      [await told(by.schemaOfGuid(noGuid), noGuid), await told(by.schemaOfGuid(guid), guid)],
      [await told(by.schemaOfMessage("x"), "x"), await told(by.schemaOfMessage(message), message)],
    ];
    for (const [unknown, unreadable] of pairs) {
      expect(unknown?.slice(0, 2)).toEqual(["not_found", "schema_not_found"]);
      expect(unreadable).toEqual(unknown);
    }

    expect((await by.schema(cart.id)).messages).toEqual(["shop.Cart"]);
    expect((await by.schemaOfGuid(cart.guid)).id).toBe(cart.id);
    expect((await by.schemaOfMessage("shop.Cart")).id).toBe(cart.id);
    expect(await outcome(by.version("bank", 1, live))).toMatchObject({ code: "forbidden" });
    expect(await outcome(by.version("none", 1, live))).toMatchObject({ code: "forbidden" });
  });
}, 60_000);

test("a message is that of a subject that may be read, not the newest of all", async () => {
  await withSubjects(async (registry) => {
    const newer = orders.replace("}", " string note = 2; }");
    await registry.register("other.order", text(newer));
    const by = registryFor(registry, callerWith("read subject:shop.*"));
    const { id } = await registry.version("shop.order", 1, live);
    expect((await by.schemaOfMessage("shop.Order")).id).toBe(id);
    expect((await registry.schemaOfMessage("shop.Order")).id).not.toBe(id);
  });
}, 60_000);

test("references need the right to read what they refer to, and to see who refers", async () => {
  await withSubjects(async (registry) => {
    const blind = registryFor(registry, callerWith("append subject:shop.*, read subject:shop.new"));
    const refers = text(carts, "order.proto=shop.order");
    for (const work of [
      blind.register("shop.new", refers),
      blind.check("shop.new", refers),
      blind.lookUp("shop.new", refers, live),
    ]) {
      expect(await outcome(work)).toMatchObject({ code: "forbidden" });
    }
    expect(
      await outcome(blind.register("shop.new", text(carts, "order.proto=none"))),
    ).toMatchObject({ code: "forbidden" });
    const sees = registryFor(
      registry,
      callerWith("append subject:shop.new, read subject:shop.order"),
    );
    expect((await sees.register("shop.new", refers)).schema.subject).toBe("shop.new");
    // The schema of the cart is the only one that refers to the order.
    expect(await sees.referencedBy("shop.order", 1)).toEqual([]);
    expect(await registry.referencedBy("shop.order", 1)).toHaveLength(1);
  });
}, 60_000);

test("a caller that sends many schemas at once waits for its own, and nobody else does", async () => {
  await withRegistries(1, async (registry) => {
    const callerOf = (id: string) => {
      const caller = callerWith("append subject:*");
      caller.portion = new Portions().of(id);
      return registryFor(registry, caller);
    };
    const [many, one] = [callerOf("many"), callerOf("one")];
    const messages = Array.from({ length: 200 }, (_, n) => `message M${n} { M${n} m = 1; }`);
    const large = (n: number) =>
      text(`syntax = "proto3"; package large${n}; ${messages.join(" ")}`);
    let done = 0;
    const ends = Array.from({ length: 36 }, async (_, n): Promise<string> => {
      const ended = await outcome(many.register(`s${n}`, large(n), { dryRun: true }));
      done++;
      return ended instanceof Failure ? ended.code : "compiled";
    });
    expect((await one.register("small", text(orders))).schema.subject).toBe("small");
    // Three are refused immediately.
    expect(done).toBeLessThan(6);
    // One is compiled, and 32 wait.
    expect((await Promise.all(ends)).toSorted()).toEqual([
      ...Array.from({ length: 33 }, () => "compiled"),
      ...Array.from({ length: 3 }, () => "overloaded"),
    ]);
  });
}, 60_000);

const actions = ["read", "append", "manage"] as const;

const needed: readonly (readonly [
  name: string,
  work: (registry: CallerRegistry) => Promise<unknown>,
  enough: readonly (typeof actions)[number][],
  subject: string,
])[] = [
  ["register", (r) => r.register("shop.x", text(secret)), ["append"], "shop.x"],
  ["version", (r) => r.version("shop.order", 1, live), ["read"], "shop.order"],
  ["versionsOf", (r) => r.versionsOf("shop.order", live), ["read"], "shop.order"],
  ["referencedBy", (r) => r.referencedBy("shop.order", 1), ["read"], "shop.order"],
  ["check", (r) => r.check("shop.order", text(orders)), ["read"], "shop.order"],
  ["lookUp", (r) => r.lookUp("shop.order", text(orders), live), ["read"], "shop.order"],
  ["settings", (r) => r.settings("shop.order"), ["read", "manage"], "shop.order"],
  ["settings of all", (r) => r.settings(allSubjects), ["read", "manage"], "*"],
  ["setMode", (r) => r.setMode("bank", "READWRITE"), ["manage"], "bank"],
  ["setMode of all", (r) => r.setMode(allSubjects, "READWRITE"), ["manage"], "*"],
  ["setCompatibility", (r) => r.setCompatibility("bank", "NONE"), ["manage"], "bank"],
  ["setCompatibility of all", (r) => r.setCompatibility(allSubjects, "NONE"), ["manage"], "*"],
  ["deleteVersion", (r) => r.deleteVersion("bank", 1, { permanent: false }), ["manage"], "bank"],
  ["deleteSubject", (r) => r.deleteSubject("shop.x", { permanent: false }), ["manage"], "shop.x"],
];

test("each function needs its grant, and no other is enough", async () => {
  await withSubjects(async (registry) => {
    for (const [name, work, enough, subject] of needed) {
      const as = async (by: Caller) => {
        const codes = await outcome(work(registryFor(registry, by)));
        return [name, codes instanceof Failure ? codes.code : "done"];
      };
      expect(await as(nobody)).toEqual([name, "unauthenticated"]);
      const narrow = actions.map((action) => `${action} subject:else.*`);
      expect(await as(callerWith(narrow.join()))).toEqual([name, "forbidden"]);
      const wrong = actions.filter((action) => !enough.includes(action));
      const ofAll = callerWith(wrong.map((action) => `${action} subject:*`).join());
      expect(await as(ofAll)).toEqual([name, "forbidden"]);
      for (const action of enough) {
        expect(await as(callerWith(`${action} subject:${subject}`))).toEqual([name, "done"]);
      }
    }
  });
}, 60_000);

test("a watcher of all subjects gets the changes of those that it may read, and of the settings", async () => {
  await withSubjects(async (registry) => {
    const by = registryFor(registry, callerWith("read subject:shop.cart"));
    const stop = new AbortController();
    const seen: string[] = [];
    await registry.setMode(allSubjects, "READWRITE");
    const watch = by.watch({ subject: undefined, after: 0 }, stop.signal);
    for await (const { change } of watch) {
      if (change === undefined) continue;
      seen.push(`${change.kind} ${change.subject}`);
      if (change.kind === "mode_changed") stop.abort();
    }
    expect(seen).toEqual(["registered shop.cart", "mode_changed "]);
    const refused = by.watch({ subject: "bank", after: undefined }, new AbortController().signal);
    expect(await outcome(refused.next())).toMatchObject({ code: "forbidden" });
  });
}, 60_000);
