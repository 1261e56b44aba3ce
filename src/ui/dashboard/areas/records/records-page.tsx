/** `/ui/topics/:topic`: its records, searched in the gateway, live, and each with all that is known of it. */

import { useEffect, useMemo } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { gatewayUrl } from "../../../root.ts";
import { offWhile } from "../../../work.tsx";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Empty } from "../../kit/empty.tsx";
import type { PageProps } from "../../shell/page.ts";
import { currentPlace, hrefTo, segment, setQuery, usePlace } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { TopicHead } from "../topics/topic-head.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { OpenRecord } from "./record-view.tsx";
import type { Row } from "./record.ts";
import { RecordsList } from "./records-list.tsx";
import { useReader } from "./use-reader.ts";
import { isFiltered, viewFromQuery } from "./view.ts";

export function Page({ params }: PageProps) {
  const topic = params["topic"] ?? "";
  const { query } = usePlace();
  const search = query.toString();
  const view = useMemo(() => viewFromQuery(new URLSearchParams(search)), [search]);
  const me = useMe();
  const { reader, state } = useReader(topic, view);
  useEffect(() => {
    document.title = `${topic} · Sluice`;
  }, [topic]);
  const select = (position: string | undefined) => setQuery({ sel: position });
  const isEmpty =
    state !== undefined &&
    state.rows.length === 0 &&
    state.loading === undefined &&
    state.failure === undefined &&
    !state.hasEarlier &&
    !state.hasLater;

  return (
    <div class="page records-page">
      <TopicHead topic={topic} current="records">
        <div class="buttons">
          <TailButtons isLive={view.live} reader={reader} tail={state?.tail ?? "off"} />
          <CopyButton label="Copy link" text={() => absoluteLink(topic, state?.rows[0])} />
        </div>
      </TopicHead>
      <FilterBar topic={topic} view={view} failure={state?.failure} />
      <ErrorMessage
        text={state?.failure?.field === "where" ? undefined : state?.failure?.message}
      />
      {isEmpty && !isFiltered(view) && (
        <Empty
          title="No records yet"
          command={`curl ${gatewayUrl(`/v1/topics/${segment(topic)}/records`).href} -d '{"hello":"world"}'`}
        >
          <p>
            A topic is an ordered sequence of records: JSON, or bytes of any type. They are listed
            here as they come, with key, headers, time, size and schema, and can be searched by key,
            text and expression.
          </p>
        </Empty>
      )}
      {reader !== undefined && state !== undefined && (
        <div class={`records-body ${view.sel === undefined ? "" : "has-open"}`}>
          <RecordsList view={view} reader={reader} state={state} select={select} />
          {view.sel !== undefined && (
            <OpenRecord
              topic={topic}
              position={view.sel}
              view={view}
              maySend={may(me, "append", `topic:${topic}`)}
              close={() => select(undefined)}
            />
          )}
        </div>
      )}
    </div>
  );
}

function TailButtons({
  isLive,
  reader,
  tail,
}: {
  readonly isLive: boolean;
  readonly reader: ReturnType<typeof useReader>["reader"];
  readonly tail: string;
}) {
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={isLive}
          onChange={({ currentTarget }) =>
            setQuery({ live: currentTarget.checked ? "1" : undefined })
          }
        />
        Live
      </label>
      {isLive && (
        <>
          <span class={`tail ${tail}`} role="status">
            {tailWords[tail] ?? ""}
          </span>
          {tail === "paused" ? (
            <button type="button" onClick={() => reader?.resume()}>
              Resume
            </button>
          ) : (
            <button type="button" {...offWhile(tail !== "on", () => reader?.pause())}>
              Pause
            </button>
          )}
        </>
      )}
    </>
  );
}

const tailWords: Readonly<Record<string, string>> = {
  waiting: "live once the list has reached the end",
  on: "live",
  paused: "paused: nothing is read",
  over: "over",
};

/** The newest moves on: a link names when the first row was received. What is read after a position begins behind it. */
function absoluteLink(topic: string, first: Row | undefined): string {
  const { query } = currentPlace();
  const given = Object.fromEntries(query);
  const from = given["from"] ?? (first?.kind === "record" ? first.received : first?.position);
  const href = hrefTo(`/topics/${segment(topic)}`, {
    ...given,
    ...(from === undefined ? {} : { from }),
  });
  return new URL(href, location.href).href;
}
