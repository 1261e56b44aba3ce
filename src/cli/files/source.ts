/** Opens a spreadsheet and reads its header. */

import { extname, join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { openCsv } from "./csv.ts";
import type { SourceFile } from "./directory.ts";
import type { Sheet } from "./sheet.ts";
import { openTable, type Table, type TableItem, type TableOptions } from "./table.ts";
import { openXlsx } from "./xlsx.ts";

const openers: Readonly<Record<string, (path: string) => Promise<Sheet>>> = {
  ".xlsx": openXlsx,
  ".csv": openCsv,
};

/** A file whose header was read, and its first row with it. */
export interface OpenFile {
  readonly sheet: Sheet;
  readonly table: Table;
  /** The time of its first row that has one; undefined where the rows have none. */
  readonly firstMs: number | undefined;
  /** All rows, from the first on; once. */
  items(): AsyncGenerator<TableItem, void, undefined>;
}

/** Throws a `Failure` where it cannot be read. */
export async function openFile(path: string, options: TableOptions): Promise<OpenFile> {
  const open = openers[extname(path).toLowerCase()];
  if (open === undefined) throw new Failure("invalid", "Cannot read it: expected .xlsx or .csv");
  const sheet = await open(path).catch((error: unknown) => {
    throw error instanceof Failure ? error : unreadable(error);
  });
  const table = await openTable(sheet, options);
  const read: TableItem[] = [];
  let firstMs: number | undefined;
  if (table.hasTimes) {
    for (let next = await table.items.next(); next.done !== true; next = await table.items.next()) {
      read.push(next.value);
      firstMs = next.value.record?.timeMs;
      // A column without a time in so many rows is not one of times.
      if (firstMs !== undefined || read.length >= 1000) break;
    }
  }
  return {
    sheet,
    table,
    firstMs,
    async *items() {
      try {
        yield* read;
        for (let next = await table.items.next(); next.done !== true;) {
          yield next.value;
          next = await table.items.next();
        }
      } finally {
        await table.items.return?.();
      }
    },
  };
}

/** A directory of such a name, or a file that this user may not read. */
function unreadable(error: unknown): Failure {
  const why = error instanceof Error ? error.message : String(error);
  return new Failure("invalid", `Cannot read it: ${why}`, { cause: error });
}

export function pathOf(directory: string, { file }: SourceFile): string {
  return join(directory, file);
}
