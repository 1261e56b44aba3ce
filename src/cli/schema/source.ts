/** What `sluice schema register` sends: a descriptor set as it is, or texts with what they import. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../command.ts";

export interface SourceOptions {
  /** Where imports are looked for, in this order; by default where the file lies. */
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
  const text = new TextDecoder().decode(bytes);
  const imports: Record<string, string> = {};
  const given = new Set(referred.map(({ name }) => name));
  const queue = [text];
  for (const one of queue) {
    for (const path of importsOf(one)) {
      if (given.has(path) || imports[path] !== undefined) continue;
      // What is nowhere here may be at hand there: google/protobuf and the like.
      const found = folders.map((folder) => join(folder, path)).find((name) => existsSync(name));
      if (found === undefined) continue;
      const imported = new TextDecoder().decode(await readInput(found));
      imports[path] = imported;
      queue.push(imported);
    }
  }
  return {
    protoText: { text, imports },
    references: referred,
    // Under a root its path is the one by which others import it.
    ...(roots.length === 0 ? {} : { file: pathUnder(roots, file) }),
  };
}

async function readInput(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it failed";
    throw new UsageError(`Cannot read ${file}: ${code}`);
  }
}

/** Those of plain statements: an import in a comment is looked for in vain and does no harm. */
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
