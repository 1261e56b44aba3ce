import { create, createFileRegistry, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createHash } from "node:crypto";
import { Failure } from "../../../core/failure.ts";
import { checkEnum } from "./check-enum.ts";
import { checkFile } from "./check-file.ts";
import { checkMessage } from "./check-message.ts";
import { extensionRangesOf, linkExtensions, linkFields, linkService } from "./check-types.ts";
import { checkDefaults } from "./defaults.ts";
import { declarationsOf, isMapEntry } from "./declarations.ts";
import { orderFiles, ownFileOf, visibleFrom } from "./imports.ts";
import { normaliseFile } from "./normal.ts";
import { customOptionsOf, normaliseOptions } from "./options.ts";
import { parseDescriptorSet } from "./parse.ts";
import { Problems, quote } from "./problems.ts";
import { checkRules } from "./rules.ts";
import { Symbols } from "./symbols.ts";

export { schemaLimits } from "./limits.ts";

/** A schema that was linked: a file with everything it imports. */
export interface LinkedSchema {
  /** Path of the schema's own file, e.g. "acme/v1/watch.proto". */
  readonly file: string;
  /**
   * Canonical google.protobuf.FileDescriptorSet: closed over imports, each file after those it
   * imports (ties by path), without source info. See docs/registry.md.
   */
  readonly set: Uint8Array;
  /** SHA-256 of `set` and `file`, lower-case hex: same content, same hash, in any order sent. */
  readonly hash: string;
  /** Full names of the file's messages, nested ones too, in declaration order (depth first). */
  readonly messages: readonly string[];
}

/**
 * Links a google.protobuf.FileDescriptorSet: every import and every type name in it is found, and
 * what the language forbids is not there. `file` is the path of the schema's own file, by default
 * the last one that no other imports; files that it does not need are dropped, and those that every
 * compiler brings (google/protobuf, buf/validate) are supplied. Linking what was linked changes
 * nothing. Throws `invalid` with all problems as `errors`, each with the full name it is at.
 */
export function linkSchema(set: Uint8Array, file?: string): LinkedSchema {
  const sent = parseDescriptorSet(set);
  const own = file ?? ownFileOf(sent) ?? [...sent.keys()].at(-1);
  if (own === undefined || !sent.has(own)) {
    throw new Failure("invalid", `Cannot link ${quote(own ?? "")}: the set has no such file`);
  }
  const action = `Cannot link ${quote(own)}`;
  const problems = new Problems();
  const files = orderFiles(own, sent, problems);
  // Without all files in order, every name of a file that lacks would be a problem of its own.
  problems.throwIfAny(action);

  const messages = linkFiles(files, own, problems);
  problems.throwIfAny(action);

  for (const each of files) normaliseFile(each);
  const linked = create(FileDescriptorSetSchema, { file: files });
  const registry = loadRegistry(() => createFileRegistry(linked), action);
  const custom = customOptionsOf(registry);
  for (const each of files) normaliseOptions(each, custom, problems);
  checkDefaults(registry, problems);
  problems.throwIfAny(action);
  checkRules(registry, messages, problems);
  problems.throwIfAny(action);

  const bytes = toBinary(FileDescriptorSetSchema, linked);
  const hash = createHash("sha256").update(bytes).update(own).digest("hex");
  return { file: own, set: bytes, hash, messages };
}

/** Checks and resolves everything that `files` declare; the names of `own`'s messages. */
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
