/** Opens a spreadsheet and reads its header. */

import { extname, join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { openCsv } from "./csv.ts";
import type { SourceFile } from "./directory.ts";
import type { Sheet } from "./sheet.ts";
import { openTable, type Table, type TableItem, type TableOptions } from "./table.ts";
import type { Encoding } from "./text-pieces.ts";
import { openXlsx } from "./xlsx.ts";

const openers: Readonly<Record<string, (path: string, encoding: Encoding) => Promise<Sheet>>> = {
  // A workbook names its encoding itself.
  ".xlsx": (path) => openXlsx(path),
  ".csv": openCsv,
};

export interface OpenOptions extends TableOptions {
  /** Of CSV files. */
  readonly encoding: Encoding;
}

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
export async function openFile(path: string, options: OpenOptions): Promise<OpenFile> {
  const open = openers[extname(path).toLowerCase()];
  if (open === undefined) throw new Failure("invalid", "Cannot read it: expected .xlsx or .csv");
  const sheet = await open(path, options.encoding).catch((error: unknown) => {
    throw error instanceof Failure ? error : unreadable(error);
  });
  const table = await openTable(sheet, options);
  const read: TableItem[] = [];
  let firstMs: number | undefined;
  let damage: { readonly error: unknown } | undefined;
  // A column without a time in so many rows is not one of times.
  while (table.hasTimes && firstMs === undefined && read.length < 1000) {
    const next = await table.items.next().catch((error: unknown) => {
      damage = { error };
    });
    if (next === undefined || next.done === true) break;
    read.push(next.value);
    firstMs = next.value.record?.timeMs;
  }
  return {
    sheet,
    table,
    firstMs,
    async *items() {
      try {
        yield* read;
        // What was read before the damage is sent.
        if (damage !== undefined) throw damage.error;
        yield* { [Symbol.asyncIterator]: () => table.items };
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
