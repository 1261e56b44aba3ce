import { expect, test } from "bun:test";
import type { FieldDescriptorProtoJson } from "@bufbuild/protobuf/wkt";
import { field, fileOf, setOf } from "../../../../test/registry/descriptors.ts";
import { linkSchema } from "./linked.ts";

type Type = NonNullable<FieldDescriptorProtoJson["type"]>;

const cases: [Type, fits: string[], not: string[]][] = [
  ["TYPE_INT32", ["0", "-2147483648", "2147483647"], ["2147483648", "1.0", "1x", "0x10", "many"]],
  ["TYPE_UINT32", ["4294967295"], ["-1", "4294967296"]],
  ["TYPE_SINT64", ["-9223372036854775808"], ["9223372036854775808"]],
  ["TYPE_FIXED64", ["18446744073709551615"], ["18446744073709551616", "9".repeat(1000)]],
  ["TYPE_DOUBLE", ["1", "-1.5e10", ".5", "1.", "inf", "-inf", "nan"], ["Infinity", "1e", "a"]],
  ["TYPE_BOOL", ["true", "false"], ["1", "True"]],
  ["TYPE_BYTES", ["a", '\\001\\"'], ['"', "\\", "\n"]],
  ["TYPE_STRING", ['anything\n"\\'], []],
];

test.each(cases)("defaults of %s", (type, fits, not) => {
  for (const defaultValue of fits) expect(() => link(type, defaultValue)).not.toThrow();
  for (const defaultValue of not) expect(() => link(type, defaultValue)).toThrow("the default");
});

function link(type: Type, defaultValue: string): void {
  const file = fileOf({ name: "M", field: [field("a", 1, { type, defaultValue })] });
  linkSchema(setOf({ ...file, syntax: "proto2" }));
}
