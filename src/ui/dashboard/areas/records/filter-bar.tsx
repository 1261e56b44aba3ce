/** The filters of the list: they are in the address, so a link is a saved filter. */

import { useState } from "preact/hooks";
import { gatewayNow } from "../../../gateway-time.ts";
import { gatewayUrl } from "../../../root.ts";
import { DraftField } from "../../kit/draft-field.tsx";
import { TimeInput } from "../../kit/time-input.tsx";
import { setQuery } from "../../shell/place.ts";
import type { ReaderState } from "./reader.ts";
import { noteFilter, usedFilters } from "./used-filters.ts";
import { filterQuery, isFiltered, type RecordsView, startOf, valueViews } from "./view.ts";

export function FilterBar({
  topic,
  view,
  failure,
}: {
  readonly topic: string;
  readonly view: RecordsView;
  readonly failure: ReaderState["failure"];
}) {
  const start = startOf(view);
  const isTime = start.kind === "time";
  const change = (filter: Partial<Record<"key" | "text" | "where", string | undefined>>) =>
    setQuery(filter, { replace: false });
  return (
    <form class="filters record-filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>From</span>
        <select
          value={isTime ? "time" : view.from}
          onChange={({ currentTarget: { value } }) => {
            const from = value === "time" ? new Date(gatewayNow() - 900_000).toISOString() : value;
            setQuery({ from: from === "latest" ? undefined : from }, { replace: false });
          }}
        >
          <option value="latest">the newest</option>
          <option value="earliest">the oldest</option>
          <option value="time">a time</option>
          {start.kind === "after" && view.from !== "earliest" && (
            <option value={view.from}>after {view.from}</option>
          )}
        </select>
      </label>
      {isTime && (
        <TimeInput
          label="Received at or after"
          value={view.from}
          onChange={(time) => setQuery({ from: time === "" ? undefined : time })}
        />
      )}
      <DraftField label="Key" name="key" value={view.key} onTake={(key) => change({ key })} />
      <DraftField label="Text" name="text" value={view.text} onTake={(text) => change({ text })} />
      <DraftField
        label="Where (CEL)"
        name="where"
        value={view.where}
        wide
        offered={usedFilters(topic)}
        onTake={(where) => {
          if (where !== undefined) noteFilter(topic, where);
          change({ where });
        }}
        placeholder='value.total > 10.0 && headers["type"] == "x"'
        failure={failure?.field === "where" ? failure.message : undefined}
      />
      <label>
        <span>Values</span>
        <select
          value={view.view}
          onChange={({ currentTarget: { value } }) =>
            setQuery({ view: value === "decoded" ? undefined : value })
          }
        >
          {valueViews.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <Columns cols={view.cols} />
      {isFiltered(view) && (
        <button
          type="button"
          onClick={() => setQuery({ key: undefined, text: undefined, where: undefined })}
        >
          No filter
        </button>
      )}
      <ExportLinks topic={topic} view={view} />
    </form>
  );
}

function Columns({ cols }: { readonly cols: readonly string[] }) {
  const [draft, setDraft] = useState<string>();
  const take = () => {
    if (draft !== undefined) {
      const text = draft.replaceAll(/\s+/g, "");
      setQuery({ cols: text === "" ? undefined : text });
    }
    setDraft(undefined);
  };
  return (
    <label>
      <span>Columns</span>
      <input
        name="cols"
        value={draft ?? cols.join(",")}
        spellcheck={false}
        autocomplete="off"
        title="position, time, received, key, size, schema, type, value, value.<field>, header.<name>"
        onInput={({ currentTarget }) => setDraft(currentTarget.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
        }}
      />
    </label>
  );
}

const formats = { ndjson: "NDJSON", csv: "CSV", parquet: "Parquet" } as const;

function placeOf(view: RecordsView): Record<string, string> {
  const start = startOf(view);
  if (start.kind === "time") return { from: start.time };
  return start.kind === "after" ? { after: start.position } : {};
}

/** Of everything that the filter lets through, from the chosen start on. */
function ExportLinks({ topic, view }: { readonly topic: string; readonly view: RecordsView }) {
  return (
    <details class="export">
      <summary>Export</summary>
      <div class="buttons">
        {Object.entries(formats).map(([format, name]) => {
          const query = new URLSearchParams({
            ...filterQuery(view),
            ...placeOf(view),
            ...(view.view === "decoded" ? { decode: "json" } : {}),
            format,
          });
          const path = `/v1/topics/${encodeURIComponent(topic)}/export?${query}`;
          return (
            <a key={format} href={gatewayUrl(path).href} download={`${topic}.${format}`}>
              {name}
            </a>
          );
        })}
      </div>
    </details>
  );
}
