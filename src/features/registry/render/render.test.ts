// What is rendered compiles to the schema it was rendered from.

import { beforeAll, expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { corpus } from "../../../../test/registry/corpus.ts";
import { compileProtos } from "../../../../test/support/protos.ts";
import { bundledFile, bundledPaths } from "../link/bundled.ts";
import { type LinkedSchema, linkSchema } from "../link/linked.ts";
import { renderProto } from "./render.ts";

const paths = [...Object.keys(corpus), ...bundledPaths];
const rendered: Record<string, string> = {};
let set: Uint8Array;
let again: Uint8Array;

beforeAll(async () => {
  set = await compileProtos(corpus);
  for (const path of paths) rendered[path] = renderProto(schemaAt(path, set));
  again = await compileProtos(rendered);
});

test.each(paths)("%s", (path) => {
  expect(rendered[path]).not.toBe(corpus[path]);
  const schema = schemaAt(path, set);
  const second = linkSchema(again, path);
  // The text tells where two schemas part, their bytes do not.
  expect(renderProto(second)).toBe(rendered[path] ?? "");
  expect(second.hash).toBe(schema.hash);
});

function schemaAt(path: string, compiled: Uint8Array): LinkedSchema {
  const bundled = bundledFile(path);
  if (bundled === undefined) return linkSchema(compiled, path);
  const file = create(FileDescriptorSetSchema, { file: [bundled] });
  return linkSchema(toBinary(FileDescriptorSetSchema, file), path);
}
