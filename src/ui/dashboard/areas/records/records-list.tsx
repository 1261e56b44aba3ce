/** The rows, with what was searched above them; arrows move, Enter opens, Esc closes. At a gap Enter reads on behind it. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { offWhile } from "../../../work.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { go } from "../../shell/place.ts";
import { columnClass, columnName } from "./columns.ts";
import { ContinuityBar } from "./continuity.tsx";
import { CountsLine, SearchLine } from "./counts.tsx";
import type { ReaderState, RecordsReader } from "./reader.ts";
import type { Row } from "./record.ts";
import { ListRow, placeBehind, rowHeight } from "./row.tsx";
import { isFiltered, type RecordsView } from "./view.ts";

const spokenChars = 100;

export interface RecordsListProps {
  readonly view: RecordsView;
  readonly reader: RecordsReader;
  readonly state: ReaderState;
  readonly select: (position: string | undefined) => void;
}

export function RecordsList({ view, reader, state, select }: RecordsListProps) {
  const { rows, hasEarlier, hasLater, loading } = state;
  const isSearch = isFiltered(view);
  const { current, setCurrent, moved, onKeyDown } = useKeys(rows, view.sel, select);
  const [isAtEnd, setIsAtEnd] = useState(true);
  /** Rows that were there when the reader scrolled away from the end. */
  const [seen, setSeen] = useState(0);
  const box = useShift(state.shift, isAtEnd);
  const total = state.counts.received;
  const follow = (atEnd: boolean) => {
    setIsAtEnd(atEnd);
    setSeen(total);
    reader.hold(!atEnd);
  };
  const newer = isAtEnd ? 0 : Math.max(0, total - seen);

  return (
    <div class="records-list" ref={box}>
      {isSearch && state.failure === undefined && (
        <SearchLine
          state={state}
          onStop={() => reader.stop()}
          onGoOn={() => (hasLater ? reader.later() : reader.earlier())}
        />
      )}
      <CountsLine state={state} isSearch={isSearch} newer={newer} />
      <div class="record-row head" aria-hidden="true">
        {view.cols.map((col) => (
          <span key={col} class={`cell ${columnClass(col)}`}>
            {columnName(col)}
          </span>
        ))}
      </div>
      {hasEarlier && (
        <button
          type="button"
          class="more"
          {...offWhile(loading !== undefined, () => reader.earlier())}
        >
          {loading === "earlier" ? "Reading…" : "Earlier records"}
        </button>
      )}
      <div class="list-and-bar">
        <ContinuityBar state={state} reader={reader} />
        <VirtualList
          count={rows.length}
          rowHeight={rowHeight}
          label="Records"
          follow
          onFollow={follow}
          visible={moved}
          onKeyDown={onKeyDown}
          row={(index) => {
            const row = rows[index];
            return row === undefined ? null : (
              <ListRow
                key={row.position}
                row={row}
                cols={view.cols}
                view={view.view}
                isOpen={row.position === view.sel}
                isCurrent={row.position === current}
                open={() => {
                  setCurrent(row.position);
                  if (row.kind === "record") select(row.position);
                }}
              />
            );
          }}
        />
      </div>
      <p class="for-readers" aria-live="polite">
        {wordsOf(rows.find(({ position }) => position === current))}
      </p>
      {hasLater && (
        <button
          type="button"
          class="more"
          {...offWhile(loading !== undefined, () => reader.later())}
        >
          {loading === "later" ? "Reading…" : "Later records"}
        </button>
      )}
      {view.live && !isAtEnd && (
        <button
          type="button"
          class="more"
          onClick={() => {
            const list = box.current?.querySelector(".virtual-list");
            if (list !== null && list !== undefined) list.scrollTop = list.scrollHeight;
          }}
        >
          Not following: {newer.toLocaleString("en-US")} newer ↓
        </button>
      )}
    </div>
  );
}

/** What a screen reader says of the row that the arrows have reached. */
function wordsOf(row: Row | undefined): string {
  if (row === undefined) return "";
  if (row.kind === "gap") return `Gap: ${row.reason}`;
  const value = row.isBytes ? "bytes" : row.value.slice(0, spokenChars);
  return row.key === undefined ? value : `${row.key.slice(0, spokenChars)}: ${value}`;
}

const keySteps: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -20,
  PageDown: 20,
};

/** Arrows move through the rows, Enter opens one, Esc closes it. An open record moves along. */
function useKeys(
  rows: readonly Row[],
  sel: string | undefined,
  select: (position: string | undefined) => void,
) {
  const [current, setCurrent] = useState(sel);
  const [moved, setMoved] = useState<number>();
  useEffect(() => setCurrent(sel), [sel]);
  const move = (step: number) => {
    const at = rows.findIndex(({ position }) => position === current);
    const from = at < 0 ? rows.length - (step < 0 ? 0 : 1) : at;
    const next = Math.min(rows.length - 1, Math.max(0, from + step));
    const row = rows[next];
    if (row === undefined) return;
    setCurrent(row.position);
    setMoved(next);
    if (sel !== undefined && row.kind === "record") select(row.position);
  };
  const open = () => {
    const row = rows.find(({ position }) => position === current);
    if (row?.kind === "gap") go(...placeBehind(row));
    else select(current);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    // A link of a row has its own Enter.
    const isOnList = event.target === event.currentTarget;
    const step = keySteps[event.key];
    if (step !== undefined) move(step);
    else if (event.key === "Enter" && isOnList) open();
    else if (event.key === "Escape") select(undefined);
    else return;
    event.preventDefault();
  };
  return { current, setCurrent, moved, onKeyDown };
}

/**
 * Rows that are put in front of the others, or let go there, do not move what is looked at. A reader at
 * the end stays there.
 */
function useShift(shift: number, isAtEnd: boolean) {
  const box = useRef<HTMLDivElement>(null);
  const before = useRef(shift);
  useLayoutEffect(() => {
    const list = box.current?.querySelector(".virtual-list");
    const rows = shift - before.current;
    before.current = shift;
    if (rows === 0 || isAtEnd || list === null || list === undefined) return;
    list.scrollTop += rows * rowHeight;
  }, [shift]);
  return box;
}
