import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { field, fileOf, setOf } from "../../../../test/registry/descriptors.ts";
import { compileProtos } from "../../../../test/support/protos.ts";
import { linkSchema } from "./linked.ts";

const watch = {
  "acme/units.proto": `syntax = "proto3"; package acme; enum Unit { UNIT_UNSPECIFIED = 0; }`,
  "acme/reading.proto": `syntax = "proto3"; package acme; import public "acme/units.proto";
    message Reading { double value = 1; Unit unit = 2; }`,
  "acme/unused.proto": `syntax = "proto3"; package acme; message Unused { Watch watch = 1; }
    import "acme/watch.proto";`,
  "acme/watch.proto": `syntax = "proto3"; package acme;
    import "acme/reading.proto"; import "google/protobuf/timestamp.proto";
    // A comment, which is source info.
    message Watch { Reading last_reading = 1; Unit unit = 2; google.protobuf.Timestamp at = 3;
      message Strap { message Hole {} map<string, Hole> holes = 1; } }
    message Box {}`,
};

describe("a compiled schema", () => {
  test("contains its imports, in their order, and nothing else", async () => {
    const schema = linkSchema(await compileProtos(watch), "acme/watch.proto");
    expect(filesOf(schema.set).map((file) => file.name)).toEqual([
      "acme/units.proto",
      "acme/reading.proto",
      "google/protobuf/timestamp.proto",
      "acme/watch.proto",
    ]);
    expect(schema.messages).toEqual([
      "acme.Watch",
      "acme.Watch.Strap",
      "acme.Watch.Strap.Hole",
      "acme.Box",
    ]);
    expect(filesOf(schema.set).every((file) => file.sourceCodeInfo === undefined)).toBe(true);
  });

  test("is the same for any order of files, and when it is linked again", async () => {
    const set = await compileProtos(watch);
    const schema = linkSchema(set, "acme/watch.proto");
    const file = filesOf(set).toReversed();
    const reversed = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
    expect(linkSchema(reversed, "acme/watch.proto")).toEqual(schema);
    expect(linkSchema(schema.set)).toEqual(schema);
  });

  test("has another hash when only the own file is another", async () => {
    const { set } = linkSchema(await compileProtos(watch), "acme/watch.proto");
    const reading = linkSchema(set, "acme/reading.proto");
    expect(reading.hash).not.toBe(linkSchema(reading.set, "acme/units.proto").hash);
    expect(reading.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("has the last file that no other imports as its own, unless one is named", async () => {
    expect(linkSchema(await compileProtos(watch)).file).toBe("acme/unused.proto");
  });
});

describe("descriptors of other compilers", () => {
  test("have the same hash", async () => {
    const compiled = await compileProtos({
      "a.proto": `syntax = "proto2"; package a; message M { optional int32 some_number = 1;
        optional N n = 2; optional E e = 3; message N {} enum E { X = 1; } }
        service S { rpc Get(M) returns (M.N); }`,
    });
    const byHand = setOf({
      name: "a.proto",
      package: "a",
      syntax: "proto2",
      options: {},
      messageType: [
        {
          name: "M",
          // No labels, no JSON names, names to be looked for, and what they are left open.
          field: [
            { name: "some_number", number: 1, type: "TYPE_INT32" },
            { name: "n", number: 2, typeName: "N", proto3Optional: false },
            { name: "e", number: 3, typeName: "M.E" },
          ],
          nestedType: [{ name: "N" }],
          enumType: [{ name: "E", value: [{ name: "X", number: 1 }] }],
        },
      ],
      service: [
        {
          name: "S",
          method: [{ name: "Get", inputType: "M", outputType: "a.M.N", clientStreaming: false }],
        },
      ],
    });
    expect(linkSchema(byHand).hash).toBe(linkSchema(compiled).hash);
  });

  test("write defaults in their own way", () => {
    const schema = (defaultValue: string, options: object) =>
      linkSchema(
        setOf({
          ...fileOf({
            name: "M",
            field: [field("a", 1, { type: "TYPE_DOUBLE", defaultValue })],
            extensionRange: [{ start: 10, end: 20, options }],
          }),
          syntax: "proto2",
        }),
      );
    const one = schema("1.5e+10", { verification: "UNVERIFIED" });
    expect(schema("15000000000", {}).hash).toBe(one.hash);
    expect(schema("15000000001", {}).hash).not.toBe(one.hash);
  });

  test("need not include files that every compiler has", () => {
    const file = fileOf({
      name: "M",
      field: [field("at", 1, { typeName: ".google.protobuf.Timestamp" })],
    });
    const schema = linkSchema(
      setOf({
        ...file,
        dependency: ["google/protobuf/timestamp.proto", "buf/validate/validate.proto"],
      }),
    );
    expect(filesOf(schema.set).map(({ name }) => name)).toEqual([
      "google/protobuf/descriptor.proto",
      "google/protobuf/duration.proto",
      "google/protobuf/field_mask.proto",
      "google/protobuf/timestamp.proto",
      "buf/validate/validate.proto",
      "a.proto",
    ]);
  });

  test("custom options are the same as a whole and in parts", async () => {
    const option = `syntax = "proto3"; import "google/protobuf/descriptor.proto";
      message O { int32 a = 1; int32 b = 2; O c = 3; }
      extend google.protobuf.MessageOptions { O o = 50000; O p = 50001; }`;
    const body = (text: string) => `syntax = "proto3"; import "o.proto"; message M { ${text} }`;
    const whole = "option (p) = {}; option (o) = { c { b: 2 } a: 1 };";
    const parts = "option (o).a = 1; option (p) = {}; option (o).c.b = 2;";
    const one = await compileProtos({ "o.proto": option, "m.proto": body(whole) });
    const other = await compileProtos({ "o.proto": option, "m.proto": body(parts) });
    expect(linkSchema(one, "m.proto").hash).toBe(linkSchema(other, "m.proto").hash);
  });
});

function filesOf(set: Uint8Array) {
  return fromBinary(FileDescriptorSetSchema, set).file;
}
