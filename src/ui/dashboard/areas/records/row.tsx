/** One row of the list: a record, or a place where records are gone. */

import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import { currentPlace, hrefTo, type Query } from "../../shell/place.ts";
import { type Cell, cellOf, columnClass } from "./columns.ts";
import type { GapRow, RecordRow, Row } from "./record.ts";
import type { ValueView } from "./view.ts";

export const rowHeight = 30;

const cellChars = 300;

export interface RowProps {
  readonly row: Row;
  readonly cols: readonly string[];
  readonly view: ValueView;
  readonly isOpen: boolean;
  readonly isCurrent: boolean;
  readonly open: () => void;
}

export function ListRow(props: RowProps) {
  const { row, isOpen, isCurrent, open, cols, view } = props;
  if (row.kind === "gap") return <Gap row={row} isCurrent={isCurrent} />;
  const state = `${isOpen ? "open " : ""}${isCurrent ? "current" : ""}`;
  return (
    // The list itself has the keys: arrows move, Enter opens.
    <div
      role="listitem"
      class={`record-row ${state}`}
      data-position={row.position}
      aria-current={isCurrent ? "true" : undefined}
      onClick={open}
    >
      {cols.map((col) => (
        <span key={col} class={`cell ${columnClass(col)}`}>
          <CellContent row={row} col={col} view={view} />
        </span>
      ))}
    </div>
  );
}

/** The same view of the list, from where reading went on. */
export function placeBehind({ position }: GapRow): readonly [string, Query] {
  const { path, query } = currentPlace();
  return [path, { ...Object.fromEntries(query), from: position, sel: undefined }];
}

function Gap({ row, isCurrent }: { readonly row: GapRow; readonly isCurrent: boolean }) {
  return (
    <div
      role="listitem"
      class={`record-row gap ${isCurrent ? "current" : ""}`}
      data-position={row.position}
      aria-current={isCurrent ? "true" : undefined}
    >
      <strong>Gap</strong>
      <SafeText text={`${row.reason}. Reading went on after ${row.position}`} />{" "}
      <a href={hrefTo(...placeBehind(row))}>Read from there</a>
    </div>
  );
}

function CellContent({
  row,
  col,
  view,
}: {
  readonly row: RecordRow;
  readonly col: string;
  readonly view: ValueView;
}) {
  if (col === "time") return <Time of={row.time} show="clock" />;
  if (col === "received") {
    return row.received === undefined ? null : <Time of={row.received} show="clock" />;
  }
  if (col === "schema" && row.schema !== undefined) {
    return (
      <a
        href={hrefTo(`/schemas/id/${row.schema.id}`)}
        title={row.schema.name}
        onClick={(event) => event.stopPropagation()}
      >
        <CellText cell={cellOf(row, col, view)} />
      </a>
    );
  }
  return <CellText cell={cellOf(row, col, view)} />;
}

function CellText({ cell: { text, look } }: { readonly cell: Cell }) {
  const shown = text.slice(0, cellChars);
  return (
    <span class={`look-${look}`}>
      <SafeText text={shown} max={cellChars} />
      {shown.length < text.length && "…"}
    </span>
  );
}
