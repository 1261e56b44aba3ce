/** The last hour as small plots: of one node, or of all together. */

import { renderBytes, renderCount } from "../../../format.ts";
import { renderRate } from "../../kit/rate-text.ts";
import { SmallPlot } from "../../kit/small-plot.tsx";
import type { Column, History, Points } from "./nodes-api.ts";

interface Figure {
  readonly title: string;
  readonly of: (points: Points) => Column;
  /** How the numbers of several nodes become one. */
  readonly join: "sum" | "max";
  readonly render: (value: number) => string;
}

const refusedOf = ({ refused, records_in: axis }: Points): Column =>
  axis.map((known, at) =>
    known === null
      ? null
      : Object.values(refused).reduce((sum, column) => sum + (column[at] ?? 0), 0),
  );

const figures: readonly Figure[] = [
  {
    title: "Records in",
    of: ({ records_in: column }) => column,
    join: "sum",
    render: renderRate,
  },
  {
    title: "Bytes in",
    of: ({ bytes_in: column }) => column,
    join: "sum",
    render: (value) => `${renderBytes(value)}/s`,
  },
  {
    title: "Records out",
    of: ({ records_out: column }) => column,
    join: "sum",
    render: renderRate,
  },
  {
    title: "Subscribers",
    of: ({ subscribers: column }) => column,
    join: "sum",
    render: renderCount,
  },
  {
    title: "Lag",
    of: ({ lag_s: column }) => column,
    join: "max",
    render: (value) => `${value.toFixed(1)} s`,
  },
  { title: "Refusals", of: refusedOf, join: "sum", render: renderRate },
  {
    title: "Memory",
    of: ({ memory_bytes: column }) => column,
    join: "sum",
    render: renderBytes,
  },
  {
    title: "Event loop delay",
    of: ({ loop_delay_ms: column }) => column,
    join: "max",
    render: (value) => `${value} ms`,
  },
];

export function Hour({ history }: { readonly history: History | undefined }) {
  return (
    <div class="cards hour">
      {figures.map((figure) => (
        <Plot key={figure.title} figure={figure} history={history} />
      ))}
    </div>
  );
}

function Plot({
  figure: { title, of, join, render },
  history,
}: {
  readonly figure: Figure;
  readonly history: History | undefined;
}) {
  const values = history === undefined ? [] : joined(history, of, join);
  const now = values.findLast((value) => value !== null);
  const highest = Math.max(0, ...values.map((value) => value ?? 0));
  const unknown = values.filter((value) => value === null).length;
  const sentence =
    now === undefined
      ? `${title}: nothing is known yet`
      : `${title} over the last hour: ${render(now ?? 0)} now, at most ${render(highest)}${unknown > 0 ? `, not known for ${Math.round(unknown / 6)} of 60 minutes` : ""}`;
  return (
    <figure class="card">
      <figcaption>
        <span>{title}</span>
        <strong class="number">{now === undefined || now === null ? "—" : render(now)}</strong>
      </figcaption>
      <SmallPlot values={values} sentence={sentence} />
      <p class="about">{now === undefined ? "not known yet" : `at most ${render(highest)}`}</p>
    </figure>
  );
}

/** A span of which no node says anything is unknown; the share of a node that is silent is missing. */
function joined(
  { spans, nodes }: History,
  of: Figure["of"],
  join: Figure["join"],
): readonly (number | null)[] {
  const columns = nodes.map(({ points }) => of(points));
  return Array.from({ length: spans }, (_, at) => {
    const known = columns.map((column) => column[at] ?? null).filter((value) => value !== null);
    if (known.length === 0) return null;
    return join === "sum" ? known.reduce((sum, value) => sum + value, 0) : Math.max(...known);
  });
}
