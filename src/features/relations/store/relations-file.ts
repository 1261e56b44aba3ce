/** The mapping's file, `SLUICE_RELATIONS`: JSON or YAML, of which JSON is a part. */

import { readFile } from "node:fs/promises";
import { Failure } from "../../../core/failure.ts";
import { documentFromUtf8 } from "../../../core/utf8.ts";
import { parseMapping } from "../mapping.ts";
import type { Relation } from "../relation.ts";

const bytesMax = 1024 * 1024;

/** Throws `invalid` with every problem of the file. */
export async function readRelations(path: string): Promise<readonly Relation[]> {
  const text = await textOf(path);
  // Loaded on demand: most gateways have no mapping.
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text);
  const broken = document.errors.map(({ message }) => message.split("\n")[0] ?? message);
  if (broken.length > 0) throw unusable(path, broken);
  // Aliases are bounded: a small file must not become a large mapping.
  const { relations, problems } = parseMapping(document.toJS({ maxAliasCount: 100 }));
  if (relations === undefined) throw unusable(path, problems);
  return relations;
}

async function textOf(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unusable(path, [`it cannot be read: ${why}`]);
  }
  if (bytes.byteLength > bytesMax) throw unusable(path, [`it is larger than ${bytesMax} bytes`]);
  try {
    return documentFromUtf8(bytes);
  } catch {
    throw unusable(path, ["it is not UTF-8"]);
  }
}

function unusable(path: string, problems: readonly string[]): Failure {
  return new Failure(
    "invalid",
    `Cannot use SLUICE_RELATIONS "${path}", ${problems.length} of its parts are not what is expected:\n  ${problems.join("\n  ")}`,
  );
}
