/** What `sluice schema register` sends: a descriptor set as it is, or a text with its imports. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { Failure } from "../../core/failure.ts";
import { documentFromUtf8 } from "../../core/utf8.ts";
import { UsageError } from "../command/usage-error.ts";

export interface SourceOptions {
  /** The folders in which imports are searched, in this order; by default the file's own. */
  readonly roots: readonly string[];
  /** `path=subject` or `path=subject@version`. */
  readonly references: readonly string[];
}

/** The schema's part of a `sluice.v1.RegisterRequest`, as JSON. */
export async function readSource(
  file: string,
  { roots, references }: SourceOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const referred = references.map(parseReference);
  const bytes = await readInput(file);
  if (!file.endsWith(".proto")) {
    return { fileDescriptorSet: bytes.toBase64(), references: referred };
  }
  const folders = roots.length === 0 ? [dirname(file)] : roots;
  const text = textOf(file, bytes);
  const imports: Record<string, string> = {};
  const given = new Set(referred.map(({ name }) => name));
  const queue = [text];
  for (const one of queue) {
    for (const path of importsOf(one)) {
      if (given.has(path) || imports[path] !== undefined) continue;
      // The gateway has the well-known files, such as google/protobuf.
      const found = folders.map((folder) => join(folder, path)).find((name) => existsSync(name));
      if (found === undefined) continue;
      const imported = textOf(found, await readInput(found));
      imports[path] = imported;
      queue.push(imported);
    }
  }
  return {
    protoText: { text, imports },
    references: referred,
    // Its path under a root is the one by which other files import it.
    ...(roots.length === 0 ? {} : { file: pathUnder(roots, file) }),
  };
}

/**
 * The gateway names places in a text that was sent without a path by line and column alone. This
 * puts the file in front of them, as compilers do.
 */
export async function namingFile<Answer>(file: string, call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const place = /(^ {2}|: )(?=\d+:\d+: )/gm;
    throw new Failure(error.code, error.message.replaceAll(place, `$1${file}:`), { cause: error });
  }
}

async function readInput(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why = code === "ENOENT" ? "there is no such file" : code;
    throw new UsageError(`Cannot read ${file}: ${why}`);
  }
}

function textOf(file: string, bytes: Uint8Array): string {
  try {
    return documentFromUtf8(bytes);
  } catch {
    throw new UsageError(`Cannot read ${file}: it is not UTF-8`);
  }
}

/** Paths of import statements. One in a comment does no harm: it is searched for and not found. */
function importsOf(text: string): string[] {
  const statement = /^\s*import\s+(?:public\s+|weak\s+|option\s+)?["']([^"']+)["']\s*;/gm;
  return [...text.matchAll(statement)].map(([, path = ""]) => path);
}

function parseReference(text: string) {
  const [, name, subject, version = "0"] = /^([^=]+)=(.+?)(?:@(\d+))?$/.exec(text) ?? [];
  if (name === undefined || subject === undefined) {
    throw new UsageError(`Cannot use --reference ${text}: expected PATH=SUBJECT or PATH=SUBJECT@N`);
  }
  return { name, subject, version: Number(version) };
}

function pathUnder(roots: readonly string[], file: string): string {
  for (const root of roots) {
    const path = relative(resolve(root), resolve(file));
    if (!path.startsWith("..")) return path.split(sep).join("/");
  }
  throw new UsageError(`Cannot name ${file}: it is under none of the roots ${roots.join(", ")}`);
}
