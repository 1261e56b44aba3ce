/** The lines, and under the cursor their exact values with times to the nanosecond. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { lineClass } from "../../kit/plot/colours.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { useZone } from "../../shell/zone.ts";
import { readSeries } from "./answer.ts";
import { type Cell, isMeasured, type Line } from "./lines.ts";
import type { Loaded, Newest } from "./load.ts";
import { cellAt, renderNs, renderValue } from "./words.ts";

export function PlotLegend({
  lines,
  cursorNs,
  newest,
}: {
  readonly lines: readonly Line[];
  /** Undefined: the newest. */
  readonly cursorNs: bigint | undefined;
  /** The newest measurements, as far as they are known without a request; undefined: they are not followed. */
  readonly newest: Loaded["newest"];
}) {
  const [zone] = useZone();
  const lastNs = useMemo(() => newestOf(lines), [lines]);
  const ns = cursorNs ?? lastNs;
  const measured = useMeasured(lines, ns, cursorNs === undefined ? newest : undefined);
  return (
    <div class="scroll-x">
      <table class="table plot-legend">
        <caption>
          {cursorNs === undefined ? "At the end" : "At the cursor"}
          {ns !== undefined && `: ${renderNs(ns, zone)}`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col" class="number">
              Value
            </th>
            <th scope="col">Newest measurement then</th>
            <th scope="col" class="number">
              Smallest
            </th>
            <th scope="col" class="number">
              Largest
            </th>
            <th scope="col" class="number">
              Count
            </th>
            <th scope="col">Cell from</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, at) => {
            const cell = ns === undefined ? undefined : cellAt(line, ns);
            const { tag, agg } = line.shown;
            const found = cell?.atNs ?? measured.get(tag)?.atNs;
            const exact = measured.get(tag)?.values?.[line.column];
            return (
              <tr key={`${tag} ${line.column} ${agg} ${at}`}>
                <th scope="row">
                  <span class={lineClass(at)}>
                    <SafeText text={tag} max={80} />
                  </span>
                  <span class="about">
                    {agg === "count" ? " count" : ` [${line.column}] ${agg}`}
                  </span>
                </th>
                <td class="number">{renderValue(cell?.value ?? null)}</td>
                <td>
                  {found !== undefined && renderNs(found, zone)}
                  {exact !== undefined && <b class="exact"> {renderValue(exact)}</b>}
                </td>
                <CellColumns cell={cell} />
                <td>{cell?.fromNs !== undefined && renderNs(cell.fromNs, zone)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function CellColumns({ cell }: { readonly cell: Cell | undefined }) {
  return (
    <>
      <td class="number">{renderValue(cell?.low ?? null)}</td>
      <td class="number">{renderValue(cell?.high ?? null)}</td>
      <td class="number">{cell?.count ?? "—"}</td>
    </>
  );
}

/** The newest cell in which anything was measured. */
function newestOf(lines: readonly Line[]): bigint | undefined {
  return lines
    .flatMap(({ cells }) => cells.findLast(isMeasured)?.timeNs ?? [])
    .reduce<bigint | undefined>((old, ns) => (old === undefined || ns > old ? ns : old), undefined);
}

const restMs = 250;
const nothing: ReadonlyMap<string, Newest> = new Map();

/** The measurement of each tag at or before a cursor that rests, or the newest. */
function useMeasured(
  lines: readonly Line[],
  instant: bigint | undefined,
  newest: Loaded["newest"],
): ReadonlyMap<string, Newest> {
  const [measured, setMeasured] = useState(nothing);
  const all = [...new Set(lines.map(({ shown }) => shown.tag))];
  const tags = JSON.stringify(all.filter((tag) => newest?.has(tag) !== true));
  // A series that is followed, and of which nothing has come since, has what it had then.
  const begun = useRef<bigint>(undefined);
  begun.current = newest === undefined ? undefined : (begun.current ?? instant);
  const ns = newest === undefined ? instant : begun.current;
  useEffect(() => {
    setMeasured((old) => (old.size === 0 ? old : nothing));
    if (ns === undefined) return undefined;
    const turn = new AbortController();
    const timer = setTimeout(() => {
      readMeasured(JSON.parse(tags) as string[], ns, turn.signal).then(
        (found) => {
          if (!turn.signal.aborted) setMeasured(found);
        },
        // The plot says what is wrong with the gateway.
        () => {},
      );
    }, restMs);
    return () => {
      clearTimeout(timer);
      turn.abort();
    };
  }, [tags, ns]);
  return useMemo(
    () => (newest === undefined ? measured : new Map([...measured, ...newest])),
    [measured, newest],
  );
}

async function readMeasured(
  tags: readonly string[],
  ns: bigint,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Newest>> {
  const found = await Promise.all(
    tags.map(async (tag) => {
      const shown = { tag, columns: [], agg: "last", of: "" } as const;
      const asked = { startNs: ns - 1n, endNs: ns, points: 1, fill: "null" } as const;
      const { points } = await readSeries(shown, asked, signal);
      return [tag, points[0]] as const;
    }),
  );
  return new Map(
    found.flatMap(([tag, point]) =>
      point?.atNs === undefined ? [] : [[tag, { atNs: point.atNs, values: point.values }] as const],
    ),
  );
}
