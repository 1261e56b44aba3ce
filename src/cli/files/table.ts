/** A sheet as records: its header names their fields, each row below is one. */

import { parseCivilTime } from "../../core/civil-time.ts";
import { Failure } from "../../core/failure.ts";
import { type Cell, columnName, emptyCell, type Sheet, type SheetRow } from "./sheet.ts";

export interface TableOptions {
  /** The column of the id: text in every record, never empty. */
  readonly idColumn: string;
  /** The column of the time at which a row is sent; a sheet may lack it. */
  readonly timeColumn: string;
}

export interface TableRecord {
  /** Row number in the file, from 1. */
  readonly row: number;
  readonly json: string;
  /** Milliseconds since 1970; undefined where the time column contains no time. */
  readonly timeMs: number | undefined;
}

/** A cell that cannot be read, or a row that cannot be sent because of one. */
export interface BadCell {
  readonly row: number;
  /** Undefined where the whole row is meant. */
  readonly column: Column | undefined;
  readonly message: string;
}

export interface Column {
  /** From 0. */
  readonly index: number;
  readonly name: string;
}

export type TableItem =
  | { readonly record: TableRecord; readonly bad: readonly BadCell[] }
  | { readonly record?: undefined; readonly bad: readonly BadCell[] };

export interface Table {
  readonly columns: readonly Column[];
  readonly hasTimes: boolean;
  readonly items: AsyncIterator<TableItem, void, undefined>;
}

/** Reads the header. Throws a `Failure` where it names no id, or a field twice. */
export async function openTable(sheet: Sheet, options: TableOptions): Promise<Table> {
  const rows = sheet.rows[Symbol.asyncIterator]();
  let header = await rows.next();
  // A sheet may begin with rows that are empty.
  while (header.done !== true && header.value.cells.every(isBlank)) header = await rows.next();
  if (header.done === true) throw new Failure("invalid", "Cannot send it: it has no rows");
  const columns = columnsFrom(header.value);
  const names = columns.map(({ name }) => name);
  const id = columns.find(({ name }) => name === options.idColumn);
  if (id === undefined) {
    throw new Failure(
      "invalid",
      `Cannot send it: row ${header.value.number} names ${listed(names)}, expected a column "${options.idColumn}"`,
    );
  }
  const time = columns.find(({ name }) => name === options.timeColumn);
  return { columns, hasTimes: time !== undefined, items: itemsOf(rows, columns, id, time) };
}

/** A message has so many names, of as many as there are. */
const listedMax = 20;

function listed(names: readonly string[]): string {
  const text = names
    .slice(0, listedMax)
    .map((name) => `"${name}"`)
    .join(", ");
  return names.length > listedMax ? `${text}, …` : text;
}

function columnsFrom({ number, cells }: SheetRow): Column[] {
  const columns: Column[] = [];
  const names = new Set<string>();
  for (const [index, cell] of cells.entries()) {
    if (cell === undefined || cell.json === "null") continue;
    const at = `the header in row ${number}, column ${columnName(index)},`;
    if (cell.problem !== undefined) {
      throw new Failure("invalid", `Cannot send it: ${at} cannot be read, ${cell.problem}`);
    }
    const name = textOf(cell).trim();
    if (names.has(name)) {
      throw new Failure("invalid", `Cannot send it: ${at} names "${name}" a second time`);
    }
    names.add(name);
    columns.push({ index, name });
  }
  return columns;
}

async function* itemsOf(
  rows: AsyncIterator<SheetRow>,
  columns: readonly Column[],
  id: Column,
  time: Column | undefined,
): AsyncGenerator<TableItem, void, undefined> {
  const known = new Set(columns.map(({ index }) => index));
  try {
    for (let next = await rows.next(); next.done !== true; next = await rows.next()) {
      const { number: row, cells } = next.value;
      if (cells.every(isBlank)) continue;
      const bad = columns.flatMap((column): BadCell[] => {
        const problem = cells[column.index]?.problem;
        return problem === undefined ? [] : [{ row, column, message: problem }];
      });
      for (const [index, cell] of cells.entries()) {
        if (isEmpty(cell) || known.has(index)) continue;
        const column = { index, name: "" };
        bad.push({ row, column, message: "its column has no name, expected one in the header" });
      }
      const given = cells[id.index];
      if (given?.problem === undefined && isEmpty(given)) {
        bad.push({ row, column: id, message: "it is empty, expected an id: the row is not sent" });
      }
      yield isEmpty(given) ? { bad } : { record: recordFrom(next.value, columns, id, time), bad };
    }
  } finally {
    await rows.return?.();
  }
}

function recordFrom(
  { number, cells }: SheetRow,
  columns: readonly Column[],
  id: Column,
  time: Column | undefined,
): TableRecord {
  const members = columns.map(({ index, name }) => {
    const cell = cells[index] ?? emptyCell;
    const value = index === id.index ? JSON.stringify(textOf(cell)) : (cell.json ?? "null");
    return `${JSON.stringify(name)}:${value}`;
  });
  const given = time === undefined ? "" : textOf(cells[time.index] ?? emptyCell);
  return {
    row: number,
    json: `{${members.join(",")}}`,
    timeMs: parseCivilTime(given.trim())?.ms,
  };
}

/** A cell that cannot be read is not blank: it is reported. */
function isBlank(cell: Cell | undefined): boolean {
  return cell === undefined || cell.json === "null";
}

/** A cell that cannot be read has no value either. */
function isEmpty(cell: Cell | undefined): boolean {
  return cell?.json === undefined || cell.json === "null";
}

/** A string's characters; any other value as it is written. */
function textOf({ json = "" }: Cell): string {
  return json.startsWith('"') ? String(JSON.parse(json)) : json;
}
