import { expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { compileProtos } from "../../../test/support/protos.ts";
import { descriptorSetOf, descriptorSetOfFile } from "./closure.ts";
import { linkSchema } from "./link/linked.ts";

const schema = compileProtos({
  "c.proto": `syntax = "proto3"; package c; message C {} enum E { X = 0; }`,
  "b.proto": `syntax = "proto3"; package b; import "c.proto"; message B { message Inner { c.C c = 1; } }`,
  "a.proto": `syntax = "proto3"; package a; import "b.proto"; import "google/protobuf/empty.proto";
    message A { b.B b = 1; } service S { rpc Get(A) returns (google.protobuf.Empty); }`,
}).then((set) => linkSchema(set, "a.proto"));

test.each([
  ["a.A", ["c.proto", "b.proto", "google/protobuf/empty.proto", "a.proto"]],
  ["a.S", ["c.proto", "b.proto", "google/protobuf/empty.proto", "a.proto"]],
  ["b.B.Inner", ["c.proto", "b.proto"]],
  ["c.E", ["c.proto"]],
])("the set of %s holds what it needs, imports first", async (name, paths) => {
  const set = descriptorSetOf(await schema, name);
  expect(pathsOf(set)).toEqual(paths);
  expect(linkSchema(set).set).toEqual(set);
});

test("the set of a file is that of what it declares", async () => {
  const linked = await schema;
  expect(descriptorSetOfFile(linked, "b.proto")).toEqual(descriptorSetOf(linked, "b.B"));
  expect(descriptorSetOfFile(linked, "a.proto")).toBe(linked.set);
});

test("what is not there is not found", async () => {
  const linked = await schema;
  expect(() => descriptorSetOf(linked, "a.Gone")).toThrow('Cannot find "a.Gone"');
  expect(() => descriptorSetOfFile(linked, "gone.proto")).toThrow('Cannot find "gone.proto"');
});

function pathsOf(set: Uint8Array): string[] {
  return fromBinary(FileDescriptorSetSchema, set).file.map((file) => file.name);
}
