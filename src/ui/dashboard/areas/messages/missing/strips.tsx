/**
 * One strip for each expected stage, one column for each minute: the darker, the more of that minute's
 * messages still lack the stage. An outage is a dark band that ends; what heals fades in place.
 */

import { useMemo, useState } from "preact/hooks";
import { renderCount } from "../../../../format.ts";
import { SafeText } from "../../../kit/safe-text.tsx";
import { renderTime } from "../../../kit/time-text.ts";
import { Time } from "../../../kit/time.tsx";
import { go, hrefTo } from "../../../shell/place.ts";
import { useZone } from "../../../shell/zone.ts";
import type { MissingByMinute } from "../api.ts";
import { percent } from "../funnel-table.tsx";
import { type Column, columnsOf } from "./cells.ts";

const tableRowsMax = 200;
const stripHeight = 22;

interface Cursor {
  readonly stage: number;
  readonly column: number;
}

export function MissingStrips({
  missing,
  appId,
}: {
  readonly missing: MissingByMinute;
  readonly appId: string;
}) {
  const [zone] = useZone();
  const { stages } = missing;
  const columns = useMemo(() => columnsOf(missing), [missing]);
  const [cursor, setCursor] = useState<Cursor>();
  const open = ({ stage, column }: Cursor) => {
    const at = columns[column];
    if (at !== undefined) go("/messages", listQuery(appId, stages[stage] ?? "", at));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = cursor ?? { stage: 0, column: columns.length - 1 };
    const moved = cursor === undefined ? at : movedBy(event.key, at, stages.length, columns.length);
    if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") {
      event.preventDefault();
      setCursor(moved);
    }
    if (event.key === "Enter" && cursor !== undefined) open(cursor);
  };
  return (
    <>
      <p class="about">{sentenceOf(missing, columns)}</p>
      <div
        class="strips"
        role="application"
        aria-label="Missing stages by minute. Arrow keys move, Enter lists the messages."
        tabIndex={0}
        onKeyDown={onKeyDown}
        onMouseLeave={() => setCursor(undefined)}
      >
        {stages.map((stage, index) => (
          <Strip
            key={stage}
            name={stage}
            stage={index}
            columns={columns}
            cursor={cursor?.stage === index ? cursor.column : undefined}
            onMove={(column) => setCursor({ stage: index, column })}
            onOpen={(column) => open({ stage: index, column })}
          />
        ))}
        <div class="strip strip-ends">
          <span />
          <span>
            <Time of={missing.since} />
            <Time of={missing.until} />
          </span>
        </div>
      </div>
      <p class="strip-readout" aria-live="polite">
        {cursor === undefined
          ? "Point at a cell, or move with the arrow keys."
          : cellSentence(stages[cursor.stage] ?? "", cursor, columns, (time) =>
              renderTime(time, zone),
            )}
      </p>
      <MissingTable stages={stages} columns={columns} appId={appId} />
    </>
  );
}

function movedBy(key: string, { stage, column }: Cursor, stages: number, columns: number): Cursor {
  const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  switch (key) {
    case "ArrowLeft":
      return { stage, column: within(column - 1, columns) };
    case "ArrowRight":
      return { stage, column: within(column + 1, columns) };
    case "ArrowUp":
      return { stage: within(stage - 1, stages), column };
    case "ArrowDown":
      return { stage: within(stage + 1, stages), column };
    case "Home":
      return { stage, column: 0 };
    case "End":
      return { stage, column: columns - 1 };
    default:
      return { stage, column };
  }
}

function Strip({
  name,
  stage,
  columns,
  cursor,
  onMove,
  onOpen,
}: {
  readonly name: string;
  readonly stage: number;
  readonly columns: readonly Column[];
  readonly cursor: number | undefined;
  readonly onMove: (column: number) => void;
  readonly onOpen: (column: number) => void;
}) {
  const width = 100 / columns.length;
  const columnOf = (event: MouseEvent) => {
    const box =
      event.currentTarget instanceof Element
        ? event.currentTarget.getBoundingClientRect()
        : undefined;
    if (box === undefined || box.width === 0) return 0;
    const at = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
    return Math.max(0, Math.min(columns.length - 1, at));
  };
  return (
    <div class="strip">
      <span class="strip-name">
        <SafeText text={name} max={60} />
      </span>
      <svg
        height={stripHeight}
        aria-hidden="true"
        onMouseMove={(event) => onMove(columnOf(event))}
        onClick={(event) => onOpen(columnOf(event))}
      >
        {columns.map(({ from, messages, missing }, i) => {
          if (messages === 0) return null;
          const share = (missing[stage] ?? 0) / messages;
          return (
            <rect
              key={from}
              class={share === 0 ? "whole" : "lacking"}
              x={`${i * width}%`}
              width={`${width}%`}
              height={stripHeight}
              fill-opacity={share === 0 ? 1 : 0.2 + 0.8 * share}
            />
          );
        })}
        {cursor !== undefined && (
          <rect class="cursor" x={`${cursor * width}%`} width={`${width}%`} height={stripHeight} />
        )}
      </svg>
    </div>
  );
}

function listQuery(app: string, missing: string, { from, to }: Column) {
  return { app, missing, since: from, until: to };
}

function cellSentence(
  stage: string,
  { stage: index, column }: Cursor,
  columns: readonly Column[],
  time: (text: string) => string,
): string {
  const at = columns[column];
  if (at === undefined) return "";
  const span = `${time(short(at.from))} to ${time(short(at.to))}`;
  if (at.messages === 0) return `${span}: no message began.`;
  const lacking = at.missing[index] ?? 0;
  const share = percent(lacking / at.messages);
  return `${span}: ${renderCount(lacking)} of ${renderCount(at.messages)} messages lack ${stage.slice(0, 80)} (${share}).`;
}

/** A whole minute without its zeros. */
function short(time: string): string {
  return time.replace(/\.0+Z$/, "Z");
}

function sentenceOf({ stages }: MissingByMinute, columns: readonly Column[]): string {
  const messages = columns.reduce((sum, column) => sum + column.messages, 0);
  if (messages === 0) return "No message began in this time.";
  const lacking = stages.flatMap((stage, i) => {
    const count = columns.reduce((sum, { missing }) => sum + (missing[i] ?? 0), 0);
    return count === 0 ? [] : [`${renderCount(count)} lack ${stage.slice(0, 60)}`];
  });
  const what = lacking.length === 0 ? "none lacks a stage" : lacking.join(", ");
  return `Of ${renderCount(messages)} messages ${what}.`;
}

function MissingTable({
  stages,
  columns,
  appId,
}: {
  readonly stages: readonly string[];
  readonly columns: readonly Column[];
  readonly appId: string;
}) {
  const rows = columns
    .flatMap((column) =>
      stages.flatMap((stage, i) => {
        const lacking = column.missing[i] ?? 0;
        return lacking === 0 ? [] : [{ column, stage, lacking }];
      }),
    )
    .toReversed();
  if (rows.length === 0) return null;
  return (
    <details>
      <summary>What is missing as a table</summary>
      <div class="scroll-x" tabIndex={0} role="group" aria-label="What is missing as a table">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Stage</th>
              <th scope="col" class="number">
                Lack it
              </th>
              <th scope="col" class="number">
                Messages
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, tableRowsMax).map(({ column, stage, lacking }) => (
              <tr key={`${column.from} ${stage}`}>
                <td>
                  <a href={hrefTo("/messages", listQuery(appId, stage, column))}>
                    <Time of={short(column.from)} />
                  </a>
                </td>
                <td>
                  <SafeText text={stage} max={80} />
                </td>
                <td class="number">{renderCount(lacking)}</td>
                <td class="number">{renderCount(column.messages)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > tableRowsMax && (
        <p class="about">
          The newest {tableRowsMax} of {rows.length} rows.
        </p>
      )}
    </details>
  );
}
