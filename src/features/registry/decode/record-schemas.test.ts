import { describe, expect, test } from "bun:test";
import { fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { compileProtos } from "../../../../test/support/protos.ts";
import { Turns } from "../../../core/budget/turn.ts";
import { Failure } from "../../../core/failure.ts";
import type { SchemaRecord } from "../../../core/schemas.ts";
import { messageOf } from "../link/descriptors.ts";
import { linkSchema } from "../link/linked.ts";
import { RegistryFailure, type StoredSchema } from "../registry-port.ts";
import { renderFrame, valueSchemaHeader } from "./confluent-frame.ts";
import { createDecoders, type SchemaReader } from "./decoders.ts";
import { createRecordSchemas } from "./record-schemas.ts";

const linked = linkSchema(
  await compileProtos({
    "watch.proto": `syntax = "proto2"; package w;
      message Watch { required string id = 1; optional int64 steps = 2; }
      message Strap { optional string colour = 1; message Hole { optional int32 at = 1; } }`,
  }),
);
const empty = linkSchema(
  await compileProtos({ "empty.proto": `syntax = "proto3"; package e; enum E { E_ZERO = 0; }` }),
);

const guidOf = (id: number) => `00000000-0000-0000-0000-${String(id).padStart(12, "0")}`;

/** Schemas with even ids up to 1000 and one without messages, and the names that were queried. */
class Source implements SchemaReader {
  readonly queries: (number | string)[] = [];
  readonly gone = new Set<number>();
  away = false;
  #onPurged: (id: number) => void = () => {};

  schema(id: number): Promise<StoredSchema> {
    return this.#answer(id, id);
  }

  schemaOfGuid(guid: string): Promise<StoredSchema> {
    return this.#answer(guid, Number(guid.slice(-12)));
  }

  onPurged(callback: (id: number) => void): void {
    this.#onPurged = callback;
  }

  purge(id: number): void {
    this.gone.add(id);
    this.#onPurged(id);
  }

  async #answer(name: number | string, id: number): Promise<StoredSchema> {
    this.queries.push(name);
    if (this.away) throw new Failure("unavailable", "The store is not available");
    const there = id % 2 === 0 && id <= 1000 && !this.gone.has(id);
    if (there) return { ...linked, id, guid: guidOf(id) };
    if (id === 1001) return { ...empty, id, guid: guidOf(id) };
    throw new RegistryFailure("schema_not_found", `There is no schema with id ${id}`);
  }
}

function setUp() {
  const source = new Source();
  return { source, schemas: createRecordSchemas(createDecoders(source), new Turns()) };
}

const bytes = (message: string, json: JsonValue) =>
  toBinary(messageOf(linked, message), fromJson(messageOf(linked, message), json));
const watch = bytes("w.Watch", { id: "a", steps: "9007199254740993" });
const hole = bytes("w.Strap.Hole", { at: 7 });
const json = (value: unknown) => ({
  value: new TextEncoder().encode(JSON.stringify(value)),
  contentType: "application/json",
});
const none = new Uint8Array(0);
const frame = (id: number, indexes = [0], payload = none) =>
  renderFrame({ schema: { id }, indexes, payload });
const record = (given: Partial<SchemaRecord>): SchemaRecord => ({
  ...{ value: watch, contentType: "application/protobuf", schemaId: 0 },
  ...given,
});
const header = (value: Uint8Array) => ({ headers: { [valueSchemaHeader]: value } });

describe("what a record names", () => {
  const wrongName = { schema: { id: 2 }, issue: { field: "schema_id" } };
  const cases: [string, Partial<SchemaRecord>, object | undefined][] = [
    ["nothing", {}, undefined],
    ["an id", { schemaId: 2 }, { schema: { id: 2, name: "w.Watch" } }],
    ["a frame", { value: frame(2, [0], watch) }, { schema: { id: 2, name: "w.Watch" } }],
    ["a frame of another message", { value: frame(2, [1, 0], hole) }, { json: '{"at":7}' }],
    ["a header with an id", header(frame(2)), { schema: { id: 2, name: "w.Watch" } }],
    [
      "a header with a GUID",
      header(renderFrame({ schema: { guid: guidOf(4) }, indexes: [0], payload: none })),
      { schema: { id: 4, name: "w.Watch" } },
    ],
    [
      "a frame with a GUID",
      { value: renderFrame({ schema: { guid: guidOf(4) }, indexes: [1, 0], payload: hole }) },
      { schema: { id: 4, name: "w.Strap.Hole" }, json: '{"at":7}' },
    ],
    ["JSON, which has no frame", { ...json({ id: "a" }), schemaId: 2 }, { json: '{"id":"a"}' }],
    ["a schema that is not there", { schemaId: 3 }, { schema: { id: 3 } }],
    [
      "a GUID that is not there",
      header(renderFrame({ schema: { guid: guidOf(3) }, indexes: [0], payload: none })),
      { schema: undefined },
    ],
    ["a message that is not there", { value: frame(2, [7], watch) }, wrongName],
    ["a schema without messages", { schemaId: 1001 }, { schema: { id: 1001 } }],
    ["half a frame", header(frame(2).subarray(0, 4)), { schema: undefined }],
    ["bytes of another message", { value: frame(2, [0], hole) }, { issue: { field: "id" } }],
  ];
  for (const [what, given, expected] of cases) {
    test(what, async () => {
      const { schemas } = setUp();
      const [decoded] = await schemas.decode([record(given)]);
      if (expected === undefined) expect(decoded).toBeUndefined();
      else expect(decoded).toMatchObject(expected);
    });
  }

  test("an int64 is exact", async () => {
    const [decoded] = await setUp().schemas.decode([record({ schemaId: 2 })]);
    expect(decoded).toMatchObject({ json: '{"id":"a","steps":"9007199254740993"}' });
  });
});

describe("a rule", () => {
  const fields = async (rule: "id" | "validated", ...given: Partial<SchemaRecord>[]) => {
    const issues = await setUp().schemas.check(rule, given.map(record));
    return issues.map((issue) => issue?.field);
  };

  test("id requires an existing schema, and ignores the value", async () => {
    expect(
      await fields(
        "id",
        { schemaId: 2, value: hole },
        {},
        { schemaId: 3 },
        header(frame(2)),
        { ...header(frame(2)), schemaId: 2 },
        { ...header(frame(2)), schemaId: 4 },
        { value: frame(2, [0], watch), schemaId: 4 },
        header(none),
      ),
    ).toEqual([
      undefined,
      "schema_id",
      "schema_id",
      undefined,
      undefined,
      ...["schema_id", "schema_id", "schema_id"],
    ]);
  });

  test("validated requires a whole message that obeys its rules", async () => {
    expect(
      await fields(
        "validated",
        { schemaId: 2 },
        { schemaId: 2, value: bytes("w.Strap", {}) },
        { schemaId: 2, value: watch.subarray(0, 2) },
        { schemaId: 2, ...json({ id: "a" }) },
        { schemaId: 2, ...json({ id: 5 }) },
        { schemaId: 2, ...json({}) },
        { value: frame(2, [1, 0], hole) },
        { value: frame(2, [9], hole) },
        { schemaId: 1001 },
        { schemaId: 4, value: frame(2, [0], watch) },
      ),
    ).toEqual([
      ...[undefined, "id", "id", undefined, "id", "id", undefined],
      ...["schema_id", "schema_id", "schema_id"],
    ]);
  });

  test("while the store is unavailable, nothing passes and no record is blamed", async () => {
    const { source, schemas } = setUp();
    await schemas.check("validated", [record({ schemaId: 2 })]);
    source.away = true;
    expect(await schemas.check("validated", [record({ schemaId: 2 })])).toEqual([undefined]);
    const batch = [record({ schemaId: 2 }), record({ schemaId: 4 })];
    await expect(Promise.resolve(schemas.check("id", batch))).rejects.toThrow("not available");
    await expect(Promise.resolve(schemas.decode(batch))).rejects.toThrow("not available");
  });
});

describe("answers", () => {
  test("are synchronous when every schema is cached, and otherwise in the same order", async () => {
    const { schemas } = setUp();
    const ids = [2, 4, 2, 3, 6];
    const batch = ids.map((schemaId) => record({ schemaId }));
    const first = schemas.decode(batch);
    expect(first).toBeInstanceOf(Promise);
    expect((await first).map((one) => one?.schema?.id)).toEqual(ids);
    const known = batch.filter(({ schemaId }) => schemaId !== 3);
    // What the first call took of its slice is forgotten in the next round of the event loop.
    const nextRound = () => new Promise((resolve) => setTimeout(resolve, 5));
    await nextRound();
    expect(schemas.decode(known)).toHaveLength(4);
    await nextRound();
    expect(schemas.check("validated", known)).toHaveLength(4);
  });

  test("one bad id is looked up once per batch, and again in the next", async () => {
    const { source, schemas } = setUp();
    const flood = Array.from({ length: 1000 }, () => record({ schemaId: 3 }));
    expect((await schemas.check("id", flood)).every((issue) => issue !== undefined)).toBe(true);
    expect(source.queries).toEqual([3]);
    await schemas.check("id", flood);
    expect(source.queries).toEqual([3, 3]);
  });

  test("a long batch yields to other work", async () => {
    const { schemas } = setUp();
    await schemas.check("validated", [record({ schemaId: 2 })]);
    // Several slices of work, however fast the machine is.
    const long = Array.from({ length: 20_000 }, (_, n) =>
      record(n === 700 ? { schemaId: 2, value: hole } : { schemaId: 2 }),
    );
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const issues = await schemas.check("validated", long);
    clearInterval(timer);
    expect(issues.flatMap((issue, n) => (issue === undefined ? [] : [n]))).toEqual([700]);
    expect(turns).toBeGreaterThan(0);
  });
});

describe("decoders", () => {
  test("are cached within a bound, by last use", async () => {
    const source = new Source();
    const decoders = createDecoders(source, { bytesMax: linked.set.length * 2 });
    for (const id of [2, 4, 2, 6]) await decoders.get({ id });
    expect(source.queries).toEqual([2, 4, 6]);
    await decoders.get({ id: 2 });
    expect(source.queries).toEqual([2, 4, 6]);
    await decoders.get({ id: 4 });
    expect(source.queries).toEqual([2, 4, 6, 4]);
  });

  test("of a GUID and of its id are the same, and are evicted together", async () => {
    const source = new Source();
    const decoders = createDecoders(source);
    const known = await decoders.get({ guid: guidOf(8) });
    expect(decoders.get({ id: 8 })).toBe(known ?? fail());
    expect(decoders.get({ guid: guidOf(8) })).toBe(known ?? fail());
    source.purge(8);
    expect(await decoders.get({ guid: guidOf(8) })).toBeUndefined();
    expect(await decoders.get({ id: 8 })).toBeUndefined();
  });

  test("of a schema that is purged while it is loaded are not cached", async () => {
    const source = new Source();
    const decoders = createDecoders(source);
    const underWay = decoders.get({ id: 8 });
    source.purge(8);
    await underWay;
    expect(await decoders.get({ id: 8 })).toBeUndefined();
  });
});

function fail(): never {
  throw new Error("The schema is not known");
}
