/** What is sent to be registered, checked or looked up, and how it becomes a linked schema. */

import type { Semaphore } from "../../core/budget/semaphore.ts";
import { quoted } from "../../core/failure.ts";
import type { LinkedSchema } from "./link/linked.ts";
import type { Lookup } from "./lookup.ts";
import { RegistryFailure, type SchemaCompiler, type SchemaReference } from "./registry-port.ts";
import { contentOf } from "./source/content.ts";
import type { Referenced } from "./source/references.ts";
import type { SchemaSource } from "./source/source.ts";
import { parseSubject } from "./subject.ts";

export interface Submission {
  readonly source: SchemaSource;
  /** A version of 0 means the newest. */
  readonly references: readonly SchemaReference[];
  /** The texts of one caller are compiled one after the other, so that others get their turn. */
  readonly turns?: Semaphore | undefined;
}

export interface LinkedSubmission {
  readonly linked: LinkedSchema;
  readonly content: string;
  /** The `.proto` text that was sent; undefined where descriptors were. */
  readonly text: string | undefined;
  /** With the versions that they lead to. */
  readonly references: readonly SchemaReference[];
}

export interface LinkDeps {
  readonly compiler: SchemaCompiler;
  readonly lookup: Pick<Lookup, "schema" | "version">;
}

/** Maximal number of references of one schema: each is a query, and a set to be linked with. */
const referencesMax = 100;

/**
 * Throws `invalid_schema`, what the lookup throws of a reference, and `overloaded` where too many of the
 * caller's wait.
 */
export async function linkSubmission(
  { source, references, turns }: Submission,
  { compiler, lookup }: LinkDeps,
): Promise<LinkedSubmission> {
  checkReferences(references);
  const referenced = await Promise.all(references.map((one) => resolve(one, lookup)));
  // Loaded with the first schema: the linker and the library of rules take some 5 MB, and many nodes
  // never have a schema.
  const { linkSource } = await import("./source/source.ts");
  const linked = await linkSource(source, referenced, inTurns(compiler, turns));
  return {
    linked,
    content: contentOf(linked),
    text: source.form === "text" ? source.text : undefined,
    references: referenced.map(({ reference }) => reference),
  };
}

function inTurns(compiler: SchemaCompiler, turns: Semaphore | undefined): SchemaCompiler {
  if (turns === undefined) return compiler;
  return {
    imports: () => compiler.imports(),
    async compile(files, file) {
      using _ = await turns.acquire();
      return await compiler.compile(files, file);
    },
  };
}

async function resolve(
  { name, subject, version }: SchemaReference,
  lookup: LinkDeps["lookup"],
): Promise<Referenced> {
  const number = version === 0 ? "latest" : version;
  const found = await lookup.version(parseSubject(subject), number, { deleted: false });
  const reference = { name, subject, version: found.version };
  return { reference, schema: await lookup.schema(found.id) };
}

function checkReferences(references: readonly SchemaReference[]): void {
  if (references.length > referencesMax) {
    throw new RegistryFailure(
      "invalid_schema",
      `Cannot use ${references.length} references: expected at most ${referencesMax}`,
    );
  }
  const names = references.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new RegistryFailure("invalid_schema", `Cannot use two references named ${quoted(twice)}`);
  }
}
