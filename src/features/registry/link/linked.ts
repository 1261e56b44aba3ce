/**
 * The linker of descriptor sets. Hand-written, because no library checks one: `buf` compiles text
 * only, protobuf-es loads descriptors without validating them, and a set that is registered unchecked
 * would fail later, in the middle of decoding records. A design with less code would render the set
 * as text (`render/`) and let `buf` check that; it costs a process of some 40 ms per registration.
 */

import { createHash } from "node:crypto";
import { create, createFileRegistry, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Failure, quoted } from "../../../core/failure.ts";
import { checkEnum } from "./check-enum.ts";
import { checkFile } from "./check-file.ts";
import { checkMessage } from "./check-message.ts";
import { extensionRangesOf, linkExtensions, linkFields, linkService } from "./check-types.ts";
import { declarationsOf, isMapEntry } from "./declarations.ts";
import { checkDefaults, normaliseEnumDefaults } from "./defaults.ts";
import { orderFiles, ownFileOf, visibleFrom } from "./imports.ts";
import { normaliseFile } from "./normal.ts";
import { customOptionsOf, normaliseOptions } from "./options.ts";
import { parseDescriptorSet } from "./parse.ts";
import { Problems } from "./problems.ts";
import { checkRules } from "./rules.ts";
import { Symbols } from "./symbols.ts";

export { schemaLimits } from "./limits.ts";

/** A linked schema: a file with everything it imports. */
export interface LinkedSchema {
  /** Path of the schema's own file, such as "acme/v1/watch.proto". */
  readonly file: string;
  /**
   * Canonical google.protobuf.FileDescriptorSet: it includes all imports, each file after those it
   * imports (ties by path), without source info. See docs/registry.md.
   */
  readonly set: Uint8Array;
  /** SHA-256 of `set` and `file`, lower-case hex; it does not depend on the order of the files sent. */
  readonly hash: string;
  /** Full names of the file's messages, including nested ones, in declaration order (depth first). */
  readonly messages: readonly string[];
}

/**
 * Links a google.protobuf.FileDescriptorSet: checks that every import and every type name in it
 * resolves and that it obeys the rules of the language. `file` is the path of the schema's own file,
 * by default the last one that no other imports. Files that it does not need are dropped, and those
 * that every compiler has (google/protobuf, buf/validate) are supplied. Linking a linked set changes
 * nothing. Throws `invalid` with all problems as `errors`, each with the full name of its place.
 */
export function linkSchema(set: Uint8Array, file?: string): LinkedSchema {
  const sent = parseDescriptorSet(set);
  const own = file ?? ownFileOf(sent) ?? [...sent.keys()].at(-1);
  if (own === undefined || !sent.has(own)) {
    throw new Failure("invalid", `Cannot link ${quoted(own ?? "")}: the set has no such file`);
  }
  const action = `Cannot link ${quoted(own)}`;
  const problems = new Problems();
  const files = orderFiles(own, sent, problems);
  // Reported first: with a file missing, each use of a name from it would be reported as well.
  problems.throwIfAny(action);

  const messages = linkFiles(files, own, problems);
  problems.throwIfAny(action);

  for (const each of files) normaliseFile(each);
  const linked = create(FileDescriptorSetSchema, { file: files });
  const registry = loadRegistry(() => createFileRegistry(linked), action);
  const custom = customOptionsOf(registry);
  for (const each of files) normaliseOptions(each, custom, registry, problems);
  normaliseEnumDefaults(registry);
  checkDefaults(registry, problems);
  problems.throwIfAny(action);
  checkRules(registry, messages, problems);
  problems.throwIfAny(action);

  const bytes = toBinary(FileDescriptorSetSchema, linked);
  const hash = createHash("sha256").update(bytes).update(own).digest("hex");
  return { file: own, set: bytes, hash, messages };
}

/** Checks and resolves everything that `files` declare; returns the names of the messages in `own`. */
function linkFiles(
  files: readonly FileDescriptorProto[],
  own: string,
  problems: Problems,
): readonly string[] {
  const all = files.map((file) => ({ file, ...declarationsOf(file) }));
  const symbols = new Symbols(visibleFrom(files), problems);
  for (const declared of all) {
    checkFile(declared.file, problems);
    symbols.declare(declared.file, declared);
  }
  const ranges = extensionRangesOf(all.flatMap((declared) => declared.messages));
  for (const { messages, enums, services } of all) {
    for (const message of messages) {
      checkMessage(message, problems);
      linkFields(message, symbols, problems);
    }
    for (const each of enums) checkEnum(each, problems);
    for (const service of services) linkService(service, symbols);
  }
  const extensions = all.flatMap((declared) => declared.extensions);
  linkExtensions(extensions, ranges, symbols, problems);
  const messages = all.find(({ file }) => file.name === own)?.messages ?? [];
  return messages.filter(({ proto }) => !isMapEntry(proto)).map(({ name }) => name);
}

function loadRegistry(load: () => FileRegistry, action: string): FileRegistry {
  try {
    return load();
  } catch (error) {
    throw new Failure("invalid", `${action}: its descriptors cannot be loaded`, { cause: error });
  }
}
