import { create, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Failure } from "../../core/failure.ts";
import { descriptorsOf } from "./descriptors.ts";
import { importsOf } from "./link/imports.ts";
import type { LinkedSchema } from "./link/linked.ts";

/**
 * google.protobuf.FileDescriptorSet of the file that declares `name` (a message, enum, service or
 * extension by full name) with all it imports, each after those it imports. Throws `not_found`.
 */
export function descriptorSetOf(schema: LinkedSchema, name: string): Uint8Array {
  const type = descriptorsOf(schema).get(name);
  if (type === undefined) {
    throw new Failure("not_found", `Cannot find ${JSON.stringify(name)}: the schema declares none`);
  }
  return descriptorSetOfFile(schema, type.file.proto.name);
}

/** The same for a file of the schema, by its path. Throws `not_found`. */
export function descriptorSetOfFile(schema: LinkedSchema, path: string): Uint8Array {
  if (path === schema.file) return schema.set;
  const registry = descriptorsOf(schema);
  const wanted = pathsUnder(registry, path);
  const file = protosOf(registry).filter((proto) => wanted.has(proto.name));
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

function pathsUnder(registry: FileRegistry, path: string): Set<string> {
  const paths = new Set([path]);
  for (const each of paths) {
    const proto = registry.getFile(each)?.proto;
    if (proto === undefined) {
      throw new Failure(
        "not_found",
        `Cannot find ${JSON.stringify(each)}: the schema has no such file`,
      );
    }
    for (const wanted of importsOf(proto)) paths.add(wanted);
  }
  return paths;
}

/** In the order of the set, which is that of imports. */
function protosOf(registry: FileRegistry): FileDescriptorProto[] {
  return [...registry.files].map((file) => file.proto);
}
