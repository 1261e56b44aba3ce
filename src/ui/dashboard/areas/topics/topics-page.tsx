/** `/ui/topics`: all topics, searched and sorted by the gateway. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderBytes, renderCount } from "../../../format.ts";
import { Empty } from "../../kit/empty.tsx";
import { renderRate } from "../../kit/rate-text.ts";
import { SearchField } from "../../kit/search-field.tsx";
import { Age } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { hrefTo, segment, setQuery, usePlace, useQueryText } from "../../shell/place.ts";
import { useMe } from "../../shell/session.ts";
import { CreateTopic } from "./create-topic.tsx";
import { renderLag, renderRetention } from "./topic-words.ts";
import { type Activity, type Sort, sorts, type Topic } from "./topics-api.ts";
import { useActivity, useTopics } from "./use-topics.ts";

const rowHeight = 48;

const sortNames: Readonly<Record<Sort, string>> = {
  name: "name",
  rate: "most records a second",
  size: "largest",
  lag: "furthest behind",
  silent: "longest silent",
};

export function Page() {
  const me = useMe();
  const { query } = usePlace();
  const [q, setQ] = useQueryText("q");
  const sort = sorts.find((one) => one === query.get("sort")) ?? "name";
  const internal = query.get("internal") === "1";
  const list = useTopics({ q, sort, internal });
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const activity = useActivity(list.topics, range);
  const mayCreate = me !== undefined && (!me.closed || me.grants.some(isManage));
  const count = list.topics?.length ?? 0;
  return (
    <div class="page topics">
      <div class="page-head">
        <h1>Topics</h1>
        {mayCreate && (
          <button type="button" class="primary" onClick={() => setQuery({ create: "1" })}>
            Create a topic
          </button>
        )}
      </div>
      {mayCreate && query.get("create") === "1" && (
        <CreateTopic
          onClose={() => {
            setQuery({ create: undefined });
            list.refresh();
          }}
        />
      )}
      <div class="filters">
        <SearchField charsMax={200} text={q} onSearch={setQ} />
        <label>
          <span>Order</span>
          <select
            value={sort}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              setQuery({ sort: chosen === "name" ? undefined : chosen });
            }}
          >
            {sorts.map((one) => (
              <option key={one} value={one}>
                {sortNames[one]}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={internal}
            onChange={(event) =>
              setQuery({ internal: event.currentTarget.checked ? "1" : undefined })
            }
          />
          The gateway's own too
        </label>
      </div>
      <ErrorMessage text={list.failure} />
      {list.topics !== undefined && count === 0 ? (
        <Nothing q={q} mayCreate={mayCreate} />
      ) : (
        <VirtualList
          class="topic-list"
          count={count}
          rowHeight={rowHeight}
          label="Topics"
          onEnd={list.more}
          onRange={(first, last) => {
            setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
            list.onRange(first, last);
          }}
          row={(at) => {
            const topic = list.topics?.[at];
            if (topic === undefined) return null;
            return <Row key={topic.name} topic={topic} activity={activity.get(topic.name)} />;
          }}
        />
      )}
      <p class="about" role="status">
        {count > 0 && `${renderCount(count)} ${count === 1 ? "topic" : "topics"}`}
        {list.hasMore && ", more follow as you scroll"}
      </p>
    </div>
  );
}

function isManage(grant: string): boolean {
  return grant === "manage *" || grant.startsWith("manage topic:");
}

function Row({
  topic: { name, bytes, retention_ms: retentionMs, internal },
  activity,
}: {
  readonly topic: Topic;
  readonly activity: Activity | undefined;
}) {
  return (
    <div class="topic-row" role="listitem">
      <a class="topic-name" href={hrefTo(`/topics/${segment(name)}`)}>
        {name}
      </a>
      <span class="number" title="Records a second">
        {activity === undefined ? "…" : renderRate(activity.records_per_s)}
      </span>
      <span class="number" title="Bytes kept">
        {renderBytes(bytes)}
      </span>
      <span class="about" title="How long records are kept">
        {renderRetention(retentionMs)}
      </span>
      <span class={(activity?.lag?.lag_s ?? 0) > 10 ? "behind" : "about"}>
        {activity === undefined ? "…" : renderLag(activity.lag)}
      </span>
      <span class="about">
        {typeof activity?.last_record === "string" ? (
          <>
            last <Age of={activity.last_record} /> ago
          </>
        ) : (
          "last not known"
        )}
      </span>
      <a href={hrefTo(`/topics/${segment(name)}/about`)} aria-label={`About ${name}`}>
        {internal ? "internal" : "About"}
      </a>
    </div>
  );
}

function Nothing({ q, mayCreate }: { readonly q: string; readonly mayCreate: boolean }) {
  if (q !== "") {
    return (
      <Empty title="No topic has this in its name">
        <p>All topics that you may read were searched.</p>
      </Empty>
    );
  }
  return (
    <Empty
      title="No topics yet"
      command={`curl ${location.origin}/v1/topics/orders/records -d '{"order":1}'`}
    >
      <p>
        A topic keeps records in their order, for as long as its retention says. The first record
        creates it{mayCreate && ", or create one here"}:
      </p>
    </Empty>
  );
}
