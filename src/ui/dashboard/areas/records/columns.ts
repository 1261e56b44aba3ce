/** Columns of the list: parts of a record, and fields of its value or headers by their path. */

import { parseJson, printJson } from "../../../exact-json.ts";
import { renderBytes } from "../../../format.ts";
import { bytesOf, hexLines, type RecordRow, textFromBytes } from "./record.ts";
import type { ValueView } from "./view.ts";

/** What a cell shows. `absent`: the record does not have it. */
export interface Cell {
  readonly text: string;
  readonly look: "text" | "absent" | "none" | "null" | "number" | "issue";
}

const names: Readonly<Record<string, string>> = {
  position: "Position",
  time: "Time",
  received: "Received",
  key: "Key",
  size: "Size",
  schema: "Schema",
  type: "Type",
  value: "Value",
};

export function columnName(col: string): string {
  return names[col] ?? col.replace(/^value\.|^header\./, "");
}

/** The class that gives a column its width. */
export function columnClass(col: string): string {
  return names[col] === undefined ? "col-field" : `col-${col}`;
}

const absent: Cell = { text: "—", look: "absent" };

/** Of a column other than times, which are drawn with their zone. */
export function cellOf(row: RecordRow, col: string, view: ValueView): Cell {
  switch (col) {
    case "position":
      return { text: row.position, look: "text" };
    case "key":
      return row.key === undefined ? absent : { text: row.key, look: "text" };
    case "size":
      return { text: renderBytes(row.size), look: "number" };
    case "type":
      return { text: row.contentType, look: "text" };
    case "schema":
      return schemaCell(row);
    case "value":
      return valueCell(row, view);
    default:
      return fieldCell(row, col);
  }
}

function schemaCell({ schema }: RecordRow): Cell {
  if (schema === undefined) return absent;
  return { text: schemaText(schema), look: "text" };
}

/** `pulse-value v3`, all of them where it is registered more than once; the message and id otherwise. */
export function schemaText({ id, name, subjects = [] }: NonNullable<RecordRow["schema"]>): string {
  if (subjects.length === 0) return `${name ?? "schema"} · id ${id}`;
  return subjects.map(({ subject, version }) => `${subject} v${version}`).join(", ");
}

function valueCell(row: RecordRow, view: ValueView): Cell {
  if (row.size === 0) return { text: "0 bytes", look: "none" };
  if (view === "hex") {
    return { text: hexLines(bytesOf(row).subarray(0, 24))[0] ?? "", look: "text" };
  }
  if (row.issue !== undefined && view === "decoded") return { text: row.issue, look: "issue" };
  if (!row.isBytes) return { text: row.value, look: row.value === "null" ? "null" : "text" };
  const text = textFromBytes(bytesOf(row));
  return { text: text ?? `base64 ${row.value}`, look: "text" };
}

function fieldCell(row: RecordRow, col: string): Cell {
  const dot = col.indexOf(".");
  const path = col.slice(dot + 1);
  if (col.startsWith("header.")) {
    const header = row.headers[path];
    if (header === undefined) return absent;
    return { text: typeof header === "string" ? header : header.base64, look: "text" };
  }
  if (!col.startsWith("value.") || row.isBytes) return absent;
  if (row.isCut) return { text: "not shown", look: "none" };
  let value: unknown;
  try {
    value = parseJson(row.value);
  } catch {
    return absent;
  }
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return absent;
    value = (value as Record<string, unknown>)[name];
  }
  if (value === null) return { text: "null", look: "null" };
  if (typeof value === "string" && value !== "") return { text: value, look: "text" };
  return { text: printJson(value), look: typeof value === "number" ? "number" : "text" };
}
