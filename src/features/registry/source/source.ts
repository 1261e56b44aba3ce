/** Links what is sent for a schema (text, a descriptor set, one file) with everything it imports. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Failure } from "../../../core/failure.ts";
import { importsOf, ownFileOf } from "../link/imports.ts";
import { type LinkedSchema, linkSchema } from "../link/linked.ts";
import { parseDescriptorSet } from "../link/parse.ts";
import { RegistryFailure, type SchemaCompiler, unnamedFile } from "../registry-port.ts";
import { fileNameFor } from "./file-name.ts";
import { type Files, filesOf, type Referenced, setOf, textsOf } from "./references.ts";

/** A schema in one of three forms. `file` is the path of its file. */
export type SchemaSource =
  | {
      readonly form: "text";
      readonly text: string;
      /** By import path. */
      readonly imports: ReadonlyMap<string, string>;
      readonly file: string | undefined;
    }
  | { readonly form: "set"; readonly set: Uint8Array; readonly file: string | undefined }
  /** One google.protobuf.FileDescriptorProto, which names itself. */
  | { readonly form: "file"; readonly descriptor: Uint8Array };

/** Throws `invalid_schema` with all its problems, and what the compiler throws. */
export async function linkSource(
  source: SchemaSource,
  referenced: readonly Referenced[],
  compiler: SchemaCompiler,
): Promise<LinkedSchema> {
  try {
    const references = filesOf(referenced);
    if (source.form === "text") return await linkText(source, references, compiler);
    if (source.form === "set") {
      return await linkFiles(source.set, source.file, references, compiler);
    }
    // As a set of one file, so that the same bounds apply before anything is decoded.
    const set = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(source.descriptor);
    return await linkFiles(set.finish(), undefined, references, compiler);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "invalid") throw error;
    const { message, errors } = error;
    throw new RegistryFailure("invalid_schema", message, { errors, cause: error });
  }
}

async function linkText(
  source: Extract<SchemaSource, { form: "text" }>,
  references: Files,
  compiler: SchemaCompiler,
): Promise<LinkedSchema> {
  const path = source.file ?? unnamedFile;
  if (source.imports.has(path)) {
    throw new Failure("invalid", `Cannot compile the schema: it imports "${path}", its own path`);
  }
  // PostgreSQL stores the text, and cannot store NUL.
  if (source.text.includes("\0")) {
    throw new Failure("invalid", "Cannot compile the schema: its text has a NUL character");
  }
  for (const [name, text] of [[path, source.text] as const, ...source.imports]) {
    if (text.isWellFormed()) continue;
    throw new Failure(
      "invalid",
      `Cannot compile the schema: "${name}" has half of a surrogate pair`,
    );
  }
  const bundled = new Set(await compiler.imports());
  const texts = new Map([
    ...textsOf(references, bundled),
    ...source.imports,
    [path, source.text] as const,
  ]);
  const files = parseDescriptorSet(await compiler.compile(texts, path));
  // Registered files stay as they are, even if today's compiler would compile them differently.
  for (const [name, file] of references) if (files.has(name)) files.set(name, file);
  const own = files.get(path);
  if (own !== undefined && source.file === undefined) own.name = fileNameFor(own, files);
  return linkSchema(setOf(files), own?.name ?? path);
}

async function linkFiles(
  set: Uint8Array,
  file: string | undefined,
  references: Files,
  compiler: SchemaCompiler,
): Promise<LinkedSchema> {
  const files = parseDescriptorSet(set);
  // References first, because the schema's own file is by default the last one.
  const all: Files = new Map([...references, ...files]);
  const bundled = new Set(await compiler.imports());
  const missing = missingFrom(all).filter((path) => bundled.has(path));
  if (missing.length > 0) {
    for (const [name, one] of await compileImports(missing, compiler)) {
      if (!all.has(name)) all.set(name, one);
    }
  }
  return linkSchema(setOf(all), file ?? ownFileOf(files));
}

function missingFrom(files: Files): string[] {
  const imports = new Set([...files.values()].flatMap(importsOf));
  return [...imports].filter((path) => !files.has(path));
}

/** Compiles files that every schema may import. */
async function compileImports(paths: readonly string[], compiler: SchemaCompiler): Promise<Files> {
  const text = ['syntax = "proto3";', ...paths.map((path) => `import "${path}";`)].join("\n");
  const files = parseDescriptorSet(
    await compiler.compile(new Map([[unnamedFile, text]]), unnamedFile),
  );
  files.delete(unnamedFile);
  return files;
}
