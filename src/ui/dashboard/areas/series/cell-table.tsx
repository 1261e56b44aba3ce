/** The cells of a plot as a table: the same numbers, for reading and for copying. */

import { CopyButton } from "../../kit/copy-button.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { useZone } from "../../shell/zone.ts";
import type { Line } from "./lines.ts";
import { cellAt, csvOf, lineName, renderNs, renderValue } from "./words.ts";

/** As in the style sheet. */
const rowHeight = 28;

export function CellTable({
  lines,
  times,
}: {
  readonly lines: readonly Line[];
  readonly times: readonly bigint[];
}) {
  const [zone] = useZone();
  return (
    <section class="cell-table" aria-label="Cells of the plot">
      <CopyButton label="Copy as CSV" text={() => csvOf(lines, times)} />
      <div class="cell-row head">
        <span>Time</span>
        {lines.map((line, at) => (
          <span key={at} class="number">
            <SafeText text={lineName(line)} max={60} />
          </span>
        ))}
      </div>
      <VirtualList
        count={times.length}
        rowHeight={rowHeight}
        label={`${times.length} cells: a time, and the value of each line`}
        row={(index) => {
          const ns = times[index] ?? 0n;
          return (
            <div key={index} class="cell-row" role="listitem">
              <span>{renderNs(ns, zone)}</span>
              {lines.map((line, at) => {
                const cell = cellAt(line, ns);
                return (
                  <span key={at} class="number">
                    {renderValue(cell?.timeNs === ns ? cell.value : null)}
                  </span>
                );
              })}
            </div>
          );
        }}
      />
    </section>
  );
}
