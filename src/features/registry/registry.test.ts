// The service on a real store and a real compiler.

import { expect, test } from "bun:test";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { text, withRegistries } from "../../../test/support/registry-rig.ts";
import { failureFrom } from "../../core/failure.ts";
import { RegistryFailure } from "./registry-port.ts";
import type { Registry } from "./registry.ts";

const watch = 'syntax = "proto3"; package acme.v1; message Watch { string id = 1; int32 bpm = 2; }';
const wider = watch.replace("}", "bool on = 3; }");
const broken = watch.replace("int32", "string");
const all = { prefix: "", deleted: false, offset: 0, limit: 100 };

test("a schema gets one id and one version, regardless of its sender and its form", async () => {
  await withRegistries(1, async (registry) => {
    const first = await registry.register("watch", text(watch));
    expect(first).toMatchObject({
      existed: false,
      schema: { id: 1, version: 1, file: "acme/v1/watch.proto", messages: ["acme.v1.Watch"] },
    });
    const commented = watch.replaceAll("; ", ";\n// why\n");
    expect(await registry.register("watch", text(commented))).toMatchObject({
      existed: true,
      schema: { id: 1, version: 1 },
    });
    const { set } = await registry.schema(1);
    const renamed = fromBinary(FileDescriptorSetSchema, set).file.at(-1);
    expect(renamed?.name).toBe("acme/v1/watch.proto");
    const other = await registry.register("other", {
      source: { form: "set", set, file: undefined },
      references: [],
    });
    expect(other).toMatchObject({ existed: false, schema: { id: 1, version: 1 } });
    expect((await registry.versionsOfId(1)).map((one) => [one.subject, one.text])).toEqual([
      ["other", undefined],
      ["watch", watch],
    ]);
    expect(await registry.subjects(all)).toEqual(["other", "watch"]);
  });
});

test("an incompatible schema is refused with every reason, and a dry run stores nothing", async () => {
  await withRegistries(1, async (registry) => {
    await registry.register("watch", text(watch));
    const { compatible, incompatibilities } = await registry.check("watch", text(broken));
    expect([compatible, incompatibilities.length]).toEqual([false, 1]);
    const refused = registry.register("watch", text(broken));
    await expect(refused).rejects.toMatchObject({
      code: "incompatible",
      reason: "incompatible",
      errors: [{ field: "#/Watch/2" }],
    });
    expect(await registry.register("watch", text(wider), { dryRun: true })).toMatchObject({
      existed: false,
      schema: { id: 0, version: 0 },
    });
    expect(await registry.versionsOf("watch", { deleted: true })).toHaveLength(1);

    await registry.setCompatibility("", "NONE");
    expect(await registry.register("watch", text(broken))).toMatchObject({
      schema: { version: 2 },
    });
    await registry.setCompatibility("watch", "FULL");
    expect(await registry.settings("watch")).toMatchObject({ compatibility: "FULL" });
    await expect(registry.register("watch", text(watch.replace("bpm", "rate")))).rejects.toThrow(
      "it is not FULL",
    );
    await registry.setCompatibility("watch", undefined);
    expect(await registry.settings("watch")).toMatchObject({ compatibility: "NONE" });
  });
});

test("transitive modes compare every version, newest first; others the newest", async () => {
  await withRegistries(1, async (registry) => {
    await registry.setCompatibility("", "NONE");
    for (const schema of [watch, broken]) await registry.register("watch", text(schema));
    await registry.setCompatibility("", "BACKWARD");
    const next = text(broken.replace("}", "bool on = 3; }"));
    expect((await registry.check("watch", next)).compatible).toBe(true);
    await registry.setCompatibility("", "BACKWARD_TRANSITIVE");
    expect((await registry.check("watch", next)).incompatibilities).toMatchObject([{ earlier: 1 }]);
    expect((await registry.check("watch", next, 1)).compatible).toBe(false);
    expect((await registry.check("watch", next, "latest")).compatible).toBe(true);
    await expect(registry.register("watch", next)).rejects.toThrow("(backward, version 1)");
  });
});

const order = `syntax = "proto3"; package shop; import "w.proto"; import "google/api/annotations.proto";
  message Order { acme.v1.Watch watch = 1; }`;

test("references are linked, stored with their versions, and cannot be deleted while in use", async () => {
  await withRegistries(1, async (registry) => {
    await registry.register("watch", text(watch));
    const { schema } = await registry.register("order", text(order, "w.proto=watch"));
    const { set } = await registry.schema(schema.id);
    const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, set));
    expect(files.getFile("w.proto")?.messages[0]?.typeName).toBe("acme.v1.Watch");
    expect(files.getFile("google/api/http.proto")).toBeDefined();
    const kept = await registry.version("order", 1, { deleted: false });
    expect(kept.references).toEqual([{ name: "w.proto", subject: "watch", version: 1 }]);
    expect(await registry.referencedBy("watch", "latest")).toEqual([schema.id]);
    const cart = 'syntax = "proto3"; import "o.proto"; message Cart { shop.Order order = 1; }';
    await registry.register("cart", text(cart, "o.proto=order"));

    await expectReason("referenced", registry.deleteSubject("watch", { permanent: false }));
    for (const permanent of [false, true]) {
      await registry.deleteSubject("cart", { permanent });
      await registry.deleteSubject("order", { permanent });
      await registry.deleteSubject("watch", { permanent });
    }
    expect(await registry.subjects({ ...all, deleted: true })).toEqual([]);
  });
});

test("a missing reference, and two with different files, are refused", async () => {
  await withRegistries(1, async (registry) => {
    const lost = registry.register("order", text(order, "w.proto=watch"));
    await expectReason("subject_not_found", lost);
    await registry.register("watch", text(watch));
    await expectReason("invalid_schema", registry.register("order", text(order)));
    await registry.register("units", text('syntax = "proto3"; package acme.v1; enum U { A = 0; }'));
    await registry.register(
      "both",
      text(
        'syntax = "proto3"; import "w.proto"; message Both { acme.v1.U u = 1; }',
        "w.proto=units",
      ),
    );
    const clash = registry.register("order", text(order, "w.proto=watch", "b.proto=both"));
    await expect(clash).rejects.toThrow('has another file "w.proto"');
  });
});

test("soft deletion hides, permanent deletion removes, and a number is never reused", async () => {
  await withRegistries(1, async (registry) => {
    await registry.register("watch", text(watch));
    await registry.register("watch", text(wider));
    const latest = () => registry.deleteVersion("watch", "latest", { permanent: false });
    const purge = (version: number) =>
      registry.deleteVersion("watch", version, { permanent: true });
    await expectReason("version_not_deleted", purge(2));
    expect(await latest()).toBe(2);
    await expectReason("version_deleted", registry.deleteVersion("watch", 2, { permanent: false }));
    await expectReason("version_not_found", registry.version("watch", 2, { deleted: false }));
    expect(await registry.schema(2)).toMatchObject({ id: 2 });
    await expectReason(
      "schema_not_found",
      registry.lookUp("watch", text(wider), { deleted: false }),
    );
    expect(await registry.lookUp("watch", text(wider), { deleted: true })).toMatchObject({
      version: 2,
      deleted: true,
    });
    expect(await registry.schemaOfMessage("acme.v1.Watch")).toMatchObject({ id: 1 });
    expect(await registry.register("watch", text(wider))).toMatchObject({
      schema: { version: 3, id: 2 },
    });
    expect(await registry.schemaOfMessage("acme.v1.Watch")).toMatchObject({ id: 2 });

    await expectReason("subject_not_deleted", registry.deleteSubject("watch", { permanent: true }));
    expect(await registry.deleteSubject("watch", { permanent: false })).toEqual([1, 3]);
    await expectReason("subject_deleted", registry.deleteSubject("watch", { permanent: false }));
    expect(await registry.deleteSubject("watch", { permanent: true })).toEqual([1, 2, 3]);
    await expectReason("subject_not_found", registry.deleteSubject("watch", { permanent: true }));
    await expectReason("schema_not_found", registry.schemaOfMessage("acme.v1.Watch"));
    expect(await registry.register("watch", text(watch))).toMatchObject({
      schema: { version: 4, id: 3 },
    });
  });
});

test("a read-only subject takes no new version", async () => {
  await withRegistries(1, async (registry) => {
    await registry.register("watch", text(watch));
    await registry.setMode("watch", "READONLY");
    expect(await registry.register("watch", text(watch))).toMatchObject({ existed: true });
    await expectReason("read_only", registry.register("watch", text(wider)));
    await expectReason("read_only", registry.deleteSubject("watch", { permanent: false }));
    await registry.register("other", text(wider));
    await registry.setMode("watch", undefined);
    expect(await registry.register("watch", text(wider))).toMatchObject({ schema: { version: 2 } });
  });
});

test("nodes that register at the same time agree: one version per schema, without gaps", async () => {
  await withRegistries(3, async (...registries) => {
    const [first] = registries;
    await first.setCompatibility("", "NONE");
    const same = await Promise.all(
      Array.from({ length: 12 }, (_, n) => at(registries, n).register("same", text(watch))),
    );
    expect(new Set(same.map(({ schema }) => `${schema.id} ${schema.version}`)).size).toBe(1);
    expect(same.filter(({ existed }) => !existed)).toHaveLength(1);

    const different = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        at(registries, n).register("many", text(watch.replace("bpm", `f${n}`))),
      ),
    );
    const numbers = different.map(({ schema }) => schema.version);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
    expect(new Set(different.map(({ schema }) => schema.id)).size).toBe(12);
  });
});

test("an incompatible schema cannot get in by a race", async () => {
  await withRegistries(2, async (...registries) => {
    // Each may follow the other's absence, but not the other.
    const results = await Promise.allSettled([
      at(registries, 0).register("race", text(watch)),
      at(registries, 1).register("race", text(broken)),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });
});

test("watchers on every node get every change once, in order, from any revision", async () => {
  await withRegistries(2, async (one, two) => {
    if (two === undefined) throw new Error("There is no second registry");
    await one.register("before", text(watch));
    const stop = new AbortController();
    const watching = collect(two, { after: undefined, subject: undefined }, 5, stop.signal);
    await watching.started;
    await one.register("watch", text(watch));
    await two.register("watch", text(wider));
    await one.deleteVersion("watch", 1, { permanent: false });
    await two.deleteVersion("watch", 1, { permanent: true });
    await one.setCompatibility("watch", "FULL");
    const changes = await watching.changes;
    expect(changes.map(({ revision, kind, version }) => [revision, kind, version])).toEqual([
      [2, "registered", 1],
      [3, "registered", 2],
      [4, "version_deleted", 1],
      [5, "version_purged", 1],
      [6, "config_changed", 0],
    ]);
    const again = collect(one, { after: 0, subject: "watch" }, 5, stop.signal);
    expect(await again.changes).toEqual(changes);
    const future = one.watch({ after: 7, subject: undefined }, stop.signal).next();
    await expect(future).rejects.toThrow("the newest is 6");
    stop.abort();
  });
});

test("a schema that one node purges soon disappears from the others", async () => {
  await withRegistries(2, async (one, two) => {
    if (two === undefined) throw new Error("There is no second registry");
    const { schema } = await one.register("watch", text(watch));
    await two.schema(schema.id);
    const stop = new AbortController();
    const watching = collect(two, { after: 1, subject: undefined }, 2, stop.signal);
    for (const permanent of [false, true]) await one.deleteSubject("watch", { permanent });
    await watching.changes;
    await expectReason("schema_not_found", two.schema(schema.id));
    stop.abort();
  });
});

function at(registries: readonly Registry[], n: number): Registry {
  const registry = registries[n % registries.length];
  if (registry === undefined) throw new Error("There is no registry");
  return registry;
}

function collect(
  registry: Registry,
  options: Parameters<Registry["watch"]>[0],
  count: number,
  signal: AbortSignal,
) {
  const stream = registry.watch(options, signal);
  const started = stream.next();
  const changes = (async () => {
    await started;
    const received = [];
    for await (const { change } of stream) {
      if (change !== undefined) received.push(change);
      if (received.length === count) break;
    }
    return received;
  })();
  return { started, changes };
}

async function expectReason(reason: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const failure = failureFrom(error);
    if (!(failure instanceof RegistryFailure)) throw error;
    expect(failure.reason).toBe(reason as RegistryFailure["reason"]);
    return;
  }
  throw new Error(`It was done, expected ${reason}`);
}
