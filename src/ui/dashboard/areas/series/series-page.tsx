/** `/ui/series`: all series, searched and sorted by the gateway, of which the visible rows exist. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { gatewayUrl } from "../../../root.ts";
import { Empty } from "../../kit/empty.tsx";
import { linesMax } from "../../kit/plot/colours.ts";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { useQueryText } from "../../shell/place.ts";
import { type ListedSeries, type Order, orders } from "./list.ts";
import { plotHref, rowHeight, SeriesRow } from "./series-row.tsx";
import { type Search, type SeriesList, useActivity, useList } from "./use-list.ts";

const typedMs = 200;
const tickMs = 1000;

const orderWords: Readonly<Record<Order, string>> = {
  tag: "by tag",
  rate: "the fastest first",
  silent: "the longest silence first",
};

export function Page() {
  const [q, setQ] = useQueryText("q");
  const [prefix, setPrefix] = useQueryText("prefix");
  const [given, setSort] = useQueryText("sort", "tag");
  const sort = orders.find((each) => each === given) ?? "tag";
  const search = useTyped(useMemo(() => ({ q, prefix, sort }), [q, prefix, sort]));
  const list = useList(search);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const isEmpty = list.items?.length === 0;
  const isSearched = q !== "" || prefix !== "";

  return (
    <div class="page series-page">
      <div class="page-head">
        <h1>Series</h1>
        <span class="about" role="status">
          {countWords(list)}
        </span>
        {chosen.length > 0 && (
          <>
            <a class="plot-chosen" href={plotHref(chosen)}>
              {`Plot ${chosen.length} ${chosen.length === 1 ? "series" : "series together"}`}
            </a>
            <button type="button" onClick={() => setChosen([])}>
              Choose none
            </button>
          </>
        )}
      </div>
      <div class="filters">
        <label>
          <span>Contains</span>
          <input
            type="search"
            value={q}
            spellcheck={false}
            onInput={({ currentTarget: { value } }) => setQ(value)}
          />
        </label>
        <label>
          <span>Begins with</span>
          <input
            type="search"
            value={prefix}
            spellcheck={false}
            onInput={({ currentTarget: { value } }) => setPrefix(value)}
          />
        </label>
        <label>
          <span>Order</span>
          <select value={sort} onChange={({ currentTarget: { value } }) => setSort(value)}>
            {orders.map((each) => (
              <option key={each} value={each}>
                {orderWords[each]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <ErrorMessage text={list.failure && `${list.failure}. The next attempt follows.`} />
      {isEmpty && isSearched && (
        <p class="about">No series that you may read has this in its tag.</p>
      )}
      {isEmpty && !isSearched && <NoSeries />}
      {list.items !== undefined && list.items.length > 0 && (
        <Rows
          key={`${search.q} ${search.prefix} ${search.sort}`}
          rows={list.items}
          more={list.more}
          onRange={list.onRange}
          chosen={chosen}
          choose={(tag, isChosen) => {
            const others = chosen.filter((each) => each !== tag);
            setChosen(isChosen ? [...others, tag].slice(-linesMax) : others);
          }}
        />
      )}
    </div>
  );
}

function Rows({
  rows,
  more,
  onRange,
  chosen,
  choose,
}: {
  readonly rows: readonly ListedSeries[];
  readonly more: SeriesList["more"];
  readonly onRange: SeriesList["onRange"];
  readonly chosen: readonly string[];
  readonly choose: (tag: string, isChosen: boolean) => void;
}) {
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const visible = useMemo(
    () => rows.slice(range[0], range[1]).map(({ tag }) => tag),
    [rows, range],
  );
  const activity = useActivity(visible);
  const elapsedMs = useElapsed();
  return (
    <>
      <ErrorMessage
        text={activity.failure && `${activity.failure}. Rates and silences are older.`}
      />
      <div class="series-row head" aria-hidden="true">
        <span />
        <span>Tag</span>
        <span>Ten minutes</span>
        <span class="number">Rate</span>
        <span>Silent</span>
        <span>Newest values</span>
      </div>
      <VirtualList
        count={rows.length}
        rowHeight={rowHeight}
        label="Series"
        class="series-list"
        onRange={(first, last) => {
          setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
          onRange(first, last);
        }}
        onEnd={more}
        row={(index) => {
          const row = rows[index];
          return row === undefined ? null : (
            <SeriesRow
              key={row.tag}
              row={row}
              seen={activity.of.get(row.tag)}
              elapsedMs={elapsedMs}
              isChosen={chosen.includes(row.tag)}
              choose={(isChosen) => choose(row.tag, isChosen)}
            />
          );
        }}
      />
    </>
  );
}

function NoSeries() {
  const url = gatewayUrl("/save").href;
  return (
    <Empty
      title="Nothing has been measured yet"
      command={`curl ${url} -d '{"time":'$(date +%s)'000000000,"tag":"boiler-7","values":[20.5]}'`}
    >
      <p>
        A series is a tag and its measurements over time, each with a time in nanoseconds and up to
        64 numbers. They come by HTTP, gRPC, WebSocket, and from Telegraf. Each is listed here with
        its rate, and can be plotted at any width.
      </p>
    </Empty>
  );
}

function countWords({ items, hasMore }: SeriesList): string {
  if (items === undefined) return "";
  const count = renderCount(items.length);
  return hasMore ? `${count} read, more follow` : `${count} in all`;
}

/** The search once nothing has been typed for a moment. */
function useTyped(search: Search): Search {
  const [typed, setTyped] = useState(search);
  useEffect(() => {
    const timer = setTimeout(() => setTyped(search), typedMs);
    return () => clearTimeout(timer);
  }, [search]);
  return typed;
}

/** Moves on each second while the page is visible. */
function useElapsed(): number {
  const [elapsed, setElapsed] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setElapsed(performance.now());
    }, tickMs);
    return () => clearInterval(timer);
  }, []);
  // An answer may be newer than the last tick.
  return elapsed;
}
