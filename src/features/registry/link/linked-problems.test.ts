// What linking refuses, and that it tells all of it.

import { describe, expect, test } from "bun:test";
import type { FileDescriptorProtoJson } from "@bufbuild/protobuf/wkt";
import { field, fileOf, setOf } from "../../../../test/registry/descriptors.ts";
import { failureOf } from "../../../../test/registry/failure.ts";
import { compileProtos } from "../../../../test/support/protos.ts";
import { linkSchema, schemaLimits } from "./linked.ts";

/** What is wrong, and every problem that is reported, by its place. */
const refused: readonly [string, FileDescriptorProtoJson[], [string, RegExp][]][] = [
  [
    "an import that is not there",
    [{ ...fileOf(), dependency: ["b.proto"] }],
    [["a.proto", /"b\.proto", which is not in the set/]],
  ],
  [
    "an import twice",
    [{ ...fileOf(), dependency: ["b.proto", "b.proto"] }, { name: "b.proto" }],
    [["a.proto", /"b\.proto" twice/]],
  ],
  [
    "a cycle of imports",
    [
      { ...fileOf(), dependency: ["b.proto"] },
      { name: "b.proto", dependency: ["c.proto"] },
      { name: "c.proto", dependency: ["b.proto"] },
    ],
    [["b.proto", /imports itself: "b\.proto" → "c\.proto" → "b\.proto"/]],
  ],
  [
    "an import of itself",
    [{ ...fileOf(), dependency: ["a.proto"] }],
    [["a.proto", /"a\.proto" → "a\.proto"/]],
  ],
  [
    "types that are nowhere, all of them",
    [
      {
        ...fileOf({
          name: "M",
          field: [field("x", 1, { typeName: ".a.Gone" }), field("y", 2, { typeName: "Lost" })],
        }),
        extension: [field("e", 100, { extendee: ".google.protobuf.FieldOptions" })],
        service: [{ name: "S", method: [{ name: "Get", inputType: ".a.M", outputType: ".a.N" }] }],
      },
    ],
    [
      ["a.M.x", /"\.a\.Gone", which is declared nowhere/],
      ["a.M.y", /"Lost", which is declared nowhere/],
      ["a.S.Get", /"\.a\.N"/],
      ["a.e", /"\.google\.protobuf\.FieldOptions"/],
    ],
  ],
  [
    "a type of a file that is not imported",
    [
      { name: "c.proto", package: "c", messageType: [{ name: "C" }] },
      { name: "b.proto", dependency: ["c.proto"] },
      {
        ...fileOf({ name: "M", field: [field("x", 1, { typeName: ".c.C" })] }),
        dependency: ["b.proto"],
      },
    ],
    [["a.M.x", /"\.c\.C" of "c\.proto", which "a\.proto" does not import/]],
  ],
  [
    "an enum where a message is expected",
    [
      {
        ...fileOf({ name: "M", field: [field("x", 1, { typeName: ".a.E" })] }),
        enumType: [{ name: "E", value: [{ name: "X", number: 0 }] }],
      },
    ],
    [["a.M.x", /"\.a\.E", an enum, expected a message/]],
  ],
  [
    "names that are taken",
    [
      fileOf(
        { name: "M", field: [field("x", 1), field("x", 2)] },
        { name: "M", oneofDecl: [] },
        { name: "N", nestedType: [{ name: "x" }], field: [field("x", 1)] },
      ),
    ],
    [
      ["a.M.x", /declared twice: as field, and as field/],
      ["a.M", /declared twice: as message, and as message/],
      ["a.N.x", /declared twice/],
    ],
  ],
  [
    "a name that another file has",
    [
      { name: "b.proto", package: "a", messageType: [{ name: "M" }] },
      { ...fileOf({ name: "M" }), dependency: ["b.proto"] },
    ],
    [["a.M", /and as message of "b\.proto"/]],
  ],
  ["names that are none", [fileOf({ name: "1M" })], [["a.1M", /"1M", expected an identifier/]]],
  [
    "numbers that are taken, reserved or impossible",
    [
      fileOf({
        name: "M",
        field: [
          field("a", 1),
          field("b", 1),
          field("c", 0),
          field("d", 19_500),
          field("e", 7),
          field("f", 12),
        ],
        reservedRange: [
          { start: 5, end: 8 },
          { start: 7, end: 9 },
        ],
        reservedName: ["a"],
        extensionRange: [{ start: 10, end: 20 }],
      }),
    ],
    [
      ["a.M", /reserved range 7 to 8, which overlaps/],
      ["a.M.a", /a name that the message reserves/],
      ["a.M.b", /the number 1 of field "a"/],
      ["a.M.c", /the number 0, expected 1 to 536870911/],
      ["a.M.d", /19000 to 19999/],
      ["a.M.e", /7, which the message reserves/],
      ["a.M.f", /12, which the message reserves for extensions/],
    ],
  ],
  [
    "JSON names that are taken",
    [fileOf({ name: "M", field: [field("some_name", 1), field("someName", 2)] })],
    [["a.M.someName", /the JSON name "someName" of field "some_name"/]],
  ],
  [
    "oneofs that hold nothing, or are not there",
    [fileOf({ name: "M", oneofDecl: [{ name: "o" }], field: [field("a", 1, { oneofIndex: 3 })] })],
    [
      ["a.M.a", /oneof 3, expected one of the message's 1/],
      ["a.M.o", /a oneof without a field/],
    ],
  ],
  [
    "enums that begin with another number, or repeat one",
    [
      {
        ...fileOf(),
        enumType: [
          {
            name: "E",
            value: [
              { name: "X", number: 1 },
              { name: "Y", number: 1 },
            ],
          },
          { name: "F" },
        ],
      },
    ],
    [
      ["a.E", /begins with "X" = 1, expected 0/],
      ["a.E.Y", /the number 1 of "X"/],
      ["a.F", /without a value/],
    ],
  ],
  [
    "a default that its type does not have",
    [
      {
        ...fileOf({ name: "M", field: [field("a", 1, { defaultValue: "many" })] }),
        syntax: "proto2",
      },
    ],
    [["a.M.a", /the default "many"/]],
  ],
  [
    "extensions that are taken or out of range",
    [
      {
        ...fileOf({ name: "M", extensionRange: [{ start: 10, end: 20 }] }),
        syntax: "proto2",
        extension: [
          field("x", 10, { extendee: ".a.M" }),
          field("y", 10, { extendee: ".a.M" }),
          field("z", 20, { extendee: ".a.M" }),
        ],
      },
    ],
    [
      ["a.y", /extends "a\.M" as "a\.x" does: 10/],
      ["a.z", /the number 20, which "a\.M" does not reserve/],
    ],
  ],
  [
    "a malformed map entry",
    [
      fileOf({
        name: "M",
        field: [field("a", 1, { typeName: ".a.M.E" })],
        nestedType: [{ name: "E", options: { mapEntry: true }, field: [field("key", 1)] }],
      }),
    ],
    [
      ["a.M.a", /uses the map entry/],
      ["a.M.E", /is not a map entry/],
    ],
  ],
  ["an unknown syntax", [{ ...fileOf(), syntax: "proto4" }], [["a.proto", /"proto4"/]]],
  [
    "an unknown edition",
    [{ ...fileOf(), syntax: "editions", edition: "EDITION_UNSTABLE" }],
    [["a.proto", /EDITION_UNSTABLE/]],
  ],
  ["a path that climbs", [{ ...fileOf(), name: "../a.proto" }], [["../a.proto", /path/]]],
  [
    "options that were not interpreted",
    [fileOf({ name: "M", options: { uninterpretedOption: [{ identifierValue: "x" }] } })],
    [["M", /did not interpret/]],
  ],
];

describe("refuses", () => {
  test.each(refused)("%s", (_what, files, problems) => {
    const { code, errors } = failureOf(() => linkSchema(setOf(...files)));
    expect(code).toBe("invalid");
    expect(errors.map(({ field }) => field)).toEqual(problems.map(([at]) => at));
    for (const [index, [, message]] of problems.entries()) {
      expect(errors[index]?.message).toMatch(message);
    }
  });

  test("a rule that does not compile", async () => {
    const rule = `syntax = "proto3"; import "buf/validate/validate.proto";
      message M { int32 a = 1 [(buf.validate.field).cel = { id: "x" expression: "this >" }]; }`;
    const validate = await Bun.file(
      new URL("../../../../schemas/imports/buf/validate/validate.proto", import.meta.url),
    ).text();
    const set = await compileProtos({ "m.proto": rule, "buf/validate/validate.proto": validate });
    const { errors } = failureOf(() => linkSchema(set, "m.proto"));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ field: "M" });
    expect(errors[0]?.message).toMatch(/does not compile/);
  });

  test("a file that is not in the set", () => {
    expect(failureOf(() => linkSchema(setOf(fileOf()), "b.proto")).message).toBe(
      'Cannot link "b.proto": the set has no such file',
    );
  });

  test("more problems than it lists", () => {
    const many = Array.from({ length: 3000 }, (_, n) =>
      field(`f${n}`, n + 1, { typeName: ".a.X" }),
    );
    const { errors, message } = failureOf(() =>
      linkSchema(setOf(fileOf({ name: "M", field: many }))),
    );
    expect(errors).toHaveLength(schemaLimits.problemsMax);
    expect(message).toContain("(and 2999 more)");
  });
});
