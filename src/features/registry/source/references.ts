/** Imports that are schemas of the registry: their files, and their text for the compiler. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Failure, type Issue, invalidIssue, quoted } from "../../../core/failure.ts";
import type { SchemaReference, StoredSchema } from "../registry-port.ts";
import { isBundled } from "../link/bundled.ts";
import { renderProto } from "../render/render.ts";

/** A reference and the schema that it leads to. */
export interface Referenced {
  readonly reference: SchemaReference;
  readonly schema: StoredSchema;
}

/** Descriptors by path, each after those that it imports. */
export type Files = Map<string, FileDescriptorProto>;

/**
 * The files of all references: each schema's own one under the path of its reference. Throws
 * `invalid` where two of them differ under one path.
 */
export function filesOf(referenced: readonly Referenced[]): Files {
  const files: Files = new Map();
  const bytesOf = new Map<string, Uint8Array>();
  const errors: Issue[] = [];
  for (const { reference, schema } of referenced) {
    for (const file of fromBinary(FileDescriptorSetSchema, schema.set).file) {
      // No other file of its set imports the own one, so nothing else changes with its name.
      if (file.name === schema.file) file.name = reference.name;
      const bytes = toBinary(FileDescriptorProtoSchema, file);
      const standing = bytesOf.get(file.name);
      if (standing !== undefined && Buffer.compare(standing, bytes) !== 0) {
        const { subject, version } = reference;
        const message = `version ${version} of subject ${quoted(subject)} brings another file ${quoted(file.name)} than the references before it`;
        errors.push(invalidIssue(`references/${reference.name}`, message));
      }
      if (standing !== undefined) continue;
      bytesOf.set(file.name, bytes);
      files.set(file.name, file);
    }
  }
  const [first] = errors;
  if (first === undefined) return files;
  throw new Failure("invalid", `Cannot use the references: ${first.message}`, { errors });
}

/** Their text, save for what the compiler has: `atHand` and google/protobuf. */
export function textsOf(files: Files, atHand: ReadonlySet<string>): Map<string, string> {
  const set = setOf(files);
  const own = [...files.keys()].filter((path) => !atHand.has(path) && !isBundled(path));
  return new Map(
    // Each was linked when it was registered: what rendering needs of a schema is its set.
    own.map((file) => [file, renderProto({ file, set, hash: "", messages: [] })]),
  );
}

export function setOf(files: Files): Uint8Array {
  return toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, { file: [...files.values()] }),
  );
}
