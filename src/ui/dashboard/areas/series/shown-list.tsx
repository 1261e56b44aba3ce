/** What is drawn: each series with its columns, its aggregate, and its export. */

import { gatewayUrl } from "../../../root.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import type { Loaded } from "./load.ts";
import { type Aggregate, aggregates, parameterDefault, type PlotView, type Shown } from "./view.ts";

const aggregateWords: Readonly<Record<Aggregate, string>> = {
  mean: "mean of each cell",
  last: "last value",
  min: "smallest of each cell",
  max: "largest of each cell",
  twa: "mean weighted by time",
  moving: "moving mean",
  weighted: "mean weighted by a column",
  lttb: "measurements that keep the shape",
  count: "number of measurements",
};

const formats = ["csv", "ndjson", "parquet"];

export function ShownList({
  view,
  loaded,
  change,
}: {
  readonly view: PlotView;
  readonly loaded: Loaded | undefined;
  readonly change: (changes: Partial<PlotView>) => void;
}) {
  const { shown } = view;
  const replace = (at: number, next: Shown | undefined) =>
    change({ shown: shown.flatMap((each, i) => (i === at ? (next ?? []) : each)) });
  return (
    <ul class="shown-list">
      {shown.map((each, at) => (
        <li key={`${at} ${each.tag}`} class="filters">
          <div class="shown-tag">
            <SafeText text={each.tag} />
          </div>
          <ShownFields shown={each} replace={(next) => replace(at, next)} />
          <div class="buttons">
            {loaded !== undefined &&
              formats.map((format) => (
                <a key={format} download href={exportHref(each.tag, loaded, format)}>
                  {format}
                </a>
              ))}
            <button
              type="button"
              aria-label={`Remove ${each.tag.slice(0, 80)}`}
              onClick={() => replace(at, undefined)}
            >
              Remove
            </button>
          </div>
        </li>
      ))}
    </ul>
  );
}

function ShownFields({
  shown,
  replace,
}: {
  readonly shown: Shown;
  readonly replace: (next: Shown) => void;
}) {
  const { columns, agg, of } = shown;
  return (
    <>
      <label>
        <span>Aggregate</span>
        <select
          value={agg}
          onChange={({ currentTarget: { value } }) => {
            const next = aggregates.find((each) => each === value) ?? "mean";
            replace({ ...shown, agg: next, of: parameterDefault(next) });
          }}
        >
          {aggregates.map((each) => (
            <option key={each} value={each}>
              {`${each}: ${aggregateWords[each]}`}
            </option>
          ))}
        </select>
      </label>
      {of !== "" && (
        <label>
          <span>{agg === "moving" ? "Window" : "Weighing column"}</span>
          <input
            value={of}
            onChange={({ currentTarget: { value } }) => {
              if (/^\w{1,19}$/.test(value)) replace({ ...shown, of: value });
            }}
          />
        </label>
      )}
      <label>
        <span>Columns</span>
        <input
          value={columns.join(",")}
          placeholder="all"
          pattern="[0-9]{1,2}(,[0-9]{1,2})*"
          onChange={({ currentTarget: { value, validity } }) => {
            if (!validity.valid) return;
            replace({ ...shown, columns: value === "" ? [] : value.split(",").map(Number) });
          }}
        />
      </label>
    </>
  );
}

function exportHref(tag: string, { startNs, endNs }: Loaded, format: string): string {
  const query = new URLSearchParams({ tag, start: String(startNs), end: String(endNs), format });
  return gatewayUrl(`/v1/measurements?${query}`).href;
}
