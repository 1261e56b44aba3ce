/** Imports that are schemas of the registry: their files, and their text for the compiler. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Failure, invalidIssue, type Issue, quoted } from "../../../core/failure.ts";
import { isBundled } from "../link/bundled.ts";
import type { SchemaReference, StoredSchema } from "../registry-port.ts";
import { renderProto } from "../render/render.ts";

/** A reference and its schema. */
export interface Referenced {
  readonly reference: SchemaReference;
  readonly schema: StoredSchema;
}

/** Descriptors by path, each after those that it imports. */
export type Files = Map<string, FileDescriptorProto>;

/**
 * The files of all references: the own file of each schema under the path of its reference. Throws
 * `invalid` where two files with one path differ.
 */
export function filesOf(referenced: readonly Referenced[]): Files {
  const files: Files = new Map();
  const bytesOf = new Map<string, Uint8Array>();
  const errors: Issue[] = [];
  for (const { reference, schema } of referenced) {
    for (const file of fromBinary(FileDescriptorSetSchema, schema.set).file) {
      // No other file of the set imports the own one, so no import needs the new name.
      if (file.name === schema.file) file.name = reference.name;
      const bytes = toBinary(FileDescriptorProtoSchema, file);
      const existing = bytesOf.get(file.name);
      if (existing !== undefined && Buffer.compare(existing, bytes) !== 0) {
        const { subject, version } = reference;
        const message = `version ${version} of subject ${quoted(subject)} has another file ${quoted(file.name)} than the references before it`;
        errors.push(invalidIssue(`references/${reference.name}`, message));
      }
      if (existing !== undefined) continue;
      bytesOf.set(file.name, bytes);
      files.set(file.name, file);
    }
  }
  const [first] = errors;
  if (first === undefined) return files;
  throw new Failure("invalid", `Cannot use the references: ${first.message}`, { errors });
}

/** Their text, except for files that the compiler has: `bundled` and google/protobuf. */
export function textsOf(files: Files, bundled: ReadonlySet<string>): Map<string, string> {
  const set = setOf(files);
  const own = [...files.keys()].filter((path) => !bundled.has(path) && !isBundled(path));
  return new Map(
    // Each was linked when it was registered; of a schema, rendering needs only the set.
    own.map((file) => [file, renderProto({ file, set, hash: "", messages: [] })]),
  );
}

export function setOf(files: Files): Uint8Array {
  return toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, { file: [...files.values()] }),
  );
}
