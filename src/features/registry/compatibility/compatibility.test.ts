// Modes, reasons and bounds. Verdicts on single changes are in test/registry/compatibility.test.ts.

import { describe, expect, test } from "bun:test";
import type { DescriptorProtoJson } from "@bufbuild/protobuf/wkt";
import { field, fileOf, setOf } from "../../../../test/registry/descriptors.ts";
import { type LinkedSchema, linkSchema } from "../link/linked.ts";
import type { Compatibility } from "../registry-port.ts";
import { checkCompatibility, compareSchemas } from "./compatibility.ts";

/** Three schemas: the new one is fine with the newest earlier one, not with the one before it. */
const now = link({ name: "M", field: [field("a", 1, { type: "TYPE_STRING" })] });
const newest = link({ name: "M", field: [] });
const oldest = link({ name: "M", field: [field("a", 1)] });
const withMore = link({ name: "M", field: [] }, { name: "N" });

describe("modes", () => {
  const cases: [Compatibility, LinkedSchema[], string[]][] = [
    ["NONE", [oldest], []],
    ["BACKWARD", [newest, oldest], []],
    ["FORWARD", [newest, oldest], []],
    ["FULL", [newest, oldest], []],
    ["BACKWARD_TRANSITIVE", [newest, oldest], ["BACKWARD 1"]],
    ["FORWARD_TRANSITIVE", [newest, oldest], ["FORWARD 1"]],
    ["FULL_TRANSITIVE", [newest, oldest], ["BACKWARD 1", "FORWARD 1"]],
    ["FULL", [oldest], ["BACKWARD 0", "FORWARD 0"]],
    ["BACKWARD", [withMore], ["BACKWARD 0"]],
    ["FORWARD", [withMore], []],
    ["FULL_TRANSITIVE", [], []],
    ["FULL_TRANSITIVE", [now], []],
  ];
  test.each(cases)("%s", (mode, earlier, found) => {
    const reasons = checkCompatibility(now, earlier, mode);
    expect(reasons.map((reason) => `${reason.direction} ${reason.earlier}`)).toEqual(found);
  });
});

test("a reason has a type, a path and a message", () => {
  expect(checkCompatibility(now, [oldest], "FULL")).toEqual([
    {
      type: "FIELD_SCALAR_KIND_CHANGED",
      path: "#/M/1",
      message: 'field "a" is written as int32 and read as string',
      direction: "BACKWARD",
      earlier: 0,
    },
    {
      type: "FIELD_SCALAR_KIND_CHANGED",
      path: "#/M/1",
      message: 'field "a" is written as string and read as int32',
      direction: "FORWARD",
      earlier: 0,
    },
  ]);
});

test("all reasons are listed, including those in nested and imported types", () => {
  const schema = (type: "TYPE_INT32" | "TYPE_DOUBLE"): LinkedSchema => {
    const number = field("x", 3, { type });
    const inner = { name: "Inner", field: [number] };
    const outer = {
      name: "M",
      field: [field("d", 1, { typeName: ".d.Outer.Deep" }), { ...number, oneofIndex: 0 }],
      oneofDecl: [{ name: "o" }],
      nestedType: [inner],
    };
    const imported = {
      name: "d.proto",
      package: "d",
      messageType: [{ name: "Outer", nestedType: [{ name: "Deep", field: [number] }] }],
    };
    return linkSchema(setOf(imported, { ...fileOf(outer), dependency: ["d.proto"] }));
  };
  const found = compareSchemas(schema("TYPE_INT32"), schema("TYPE_DOUBLE"));
  expect(found.map(({ type, path }) => `${type} ${path}`)).toEqual([
    "FIELD_SCALAR_KIND_CHANGED #/M/o/3",
    "FIELD_SCALAR_KIND_CHANGED #/M/Inner/3",
    "FIELD_SCALAR_KIND_CHANGED #/Outer/Deep/3",
    "FIELD_NAMED_TYPE_CHANGED #/M/1",
  ]);
});

test("the cost of mutually recursive types grows with their number only", () => {
  const schema = (type: "TYPE_INT32" | "TYPE_DOUBLE"): LinkedSchema => {
    const messageType: DescriptorProtoJson[] = Array.from({ length: 60 }, (_, n) => ({
      name: `N${n}`,
      field: [
        field("x", 1000, { type }),
        ...Array.from({ length: 60 }, (__, m) => field(`f${m}`, m + 1, { typeName: `.d.N${m}` })),
      ],
    }));
    const imported = { name: "d.proto", package: "d", messageType };
    const own = fileOf({ name: "M", field: [field("a", 1, { typeName: ".d.N0" })] });
    return linkSchema(setOf(imported, { ...own, dependency: ["d.proto"] }));
  };
  const found = compareSchemas(schema("TYPE_INT32"), schema("TYPE_DOUBLE"));
  // Each message's own field, each field of a type that breaks, and the one of the own file.
  expect(found).toHaveLength(60 + 60 * 60 + 1);
});

function link(...messages: DescriptorProtoJson[]): LinkedSchema {
  return linkSchema(setOf(fileOf(...messages)));
}
