/** The files of a directory, and the topics that they go into. */

import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import { UsageError } from "../command/usage-error.ts";

const extensions: ReadonlySet<string> = new Set([".xlsx", ".csv"]);

export interface SourceFile {
  /** Its name in the directory. */
  readonly file: string;
  readonly topic: string;
}

/**
 * The files in order of their names, each with its topic. Without topics each goes into the topic of its
 * name, `orders.csv` into `orders`. Throws a `UsageError` if the numbers of files and topics differ.
 */
export async function filesOf(directory: string, topics: readonly string[]): Promise<SourceFile[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    throw new UsageError(`Cannot use --dir ${directory}: ${reasonOf(error)}`);
  }
  // Programs leave files of such names beside one that is open.
  const files = names
    .filter((name) => extensions.has(extname(name).toLowerCase()) && !/^[.~]/.test(name))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (files.length === 0) {
    throw new UsageError(`Cannot use --dir ${directory}: it has no .xlsx and no .csv files`);
  }
  if (topics.length > 0 && topics.length !== files.length) {
    throw new UsageError(
      `Cannot send ${files.length} files (${files.join(", ")}) into ${topics.length} topics: expected one for each, in the order of their names`,
    );
  }
  return files.map((file, index) => ({
    file,
    topic: topics[index] ?? file.slice(0, -extname(file).length),
  }));
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such folder";
  if (code === "ENOTDIR") return "it is not a folder";
  return error instanceof Error ? error.message : String(error);
}
