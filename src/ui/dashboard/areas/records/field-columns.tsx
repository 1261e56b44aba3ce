/** The fields of an open record, each to be shown as a column or not. */

import { parseJson } from "../../../exact-json.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { setQuery } from "../../shell/place.ts";
import type { RecordRow } from "./record.ts";
import type { RecordsView } from "./view.ts";

const fieldsMax = 40;
const levels = 3;

export function FieldColumns({
  row,
  view,
}: {
  readonly row: RecordRow;
  readonly view: RecordsView;
}) {
  const fields = fieldsOf(row);
  if (fields.length === 0) return null;
  return (
    <details class="field-columns">
      <summary>Fields as columns</summary>
      <div class="buttons">
        {fields.map((field) => {
          const isShown = view.cols.includes(field);
          const cols = isShown
            ? view.cols.filter((col) => col !== field)
            : [...view.cols.filter((col) => col !== "value"), field, "value"];
          return (
            <button
              key={field}
              type="button"
              aria-pressed={isShown}
              onClick={() => setQuery({ cols: cols.join(",") })}
            >
              <SafeText text={field} max={60} />
            </button>
          );
        })}
      </div>
    </details>
  );
}

/** Paths that a column can have: names with a dot or a comma in them have none. */
function fieldsOf({ value, isBytes, isCut, headers }: RecordRow): readonly string[] {
  const found = Object.keys(headers)
    .filter((name) => !name.includes(","))
    .map((name) => `header.${name}`);
  if (!isBytes && !isCut) {
    try {
      collect(parseJson(value), "value", levels, found);
    } catch {
      // Not JSON: it has no fields.
    }
  }
  return found.slice(0, fieldsMax);
}

function collect(value: unknown, path: string, left: number, found: string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value) || left === 0) return;
  for (const [name, member] of Object.entries(value)) {
    if (/[.,\s]/.test(name) || name === "rawJSON") continue;
    const isBranch = typeof member === "object" && member !== null && !Array.isArray(member);
    if (isBranch && left > 1 && !("rawJSON" in member)) {
      collect(member, `${path}.${name}`, left - 1, found);
    } else found.push(`${path}.${name}`);
  }
}
