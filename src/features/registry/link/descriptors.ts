import {
  createFileRegistry,
  type DescFile,
  type DescMessage,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Failure, quoted } from "../../../core/failure.ts";
import type { LinkedSchema } from "./linked.ts";

const registries = new WeakMap<LinkedSchema, FileRegistry>();

/** The descriptors of a schema, made once and kept as long as the schema object. */
export function descriptorsOf(schema: LinkedSchema): FileRegistry {
  const known = registries.get(schema);
  if (known !== undefined) return known;
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, schema.set));
  registries.set(schema, registry);
  return registry;
}

/** The schema's own file. */
export function ownFile(schema: LinkedSchema): DescFile {
  const file = descriptorsOf(schema).getFile(schema.file);
  if (file === undefined) {
    throw new Failure("internal", `Cannot read schema "${schema.file}": its set lacks the file`);
  }
  return file;
}

/**
 * The message with the full name `name`, which may be imported; by default the first of the schema's
 * own file. Throws `not_found`.
 */
export function messageOf(schema: LinkedSchema, name = schema.messages[0]): DescMessage {
  const message = name === undefined ? undefined : descriptorsOf(schema).getMessage(name);
  if (message === undefined) {
    const what = name === undefined ? "a first message" : `the message ${quoted(name)}`;
    throw new Failure("not_found", `Cannot find ${what} in "${schema.file}": the schema has none`);
  }
  return message;
}
