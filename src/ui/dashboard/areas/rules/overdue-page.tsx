/** `/ui/overdue`: what is overdue over all ack rules and apps, by what is missing. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { gatewayUrl } from "../../../root.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolledPages } from "../../kit/polled-pages.ts";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { TimeInput } from "../../kit/time-input.tsx";
import { Age } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { hrefTo, segment, setQuery, useQueryText } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import {
  groupOverdue,
  listOverdue,
  type OverdueGroup,
  type OverdueItem,
  type Query,
  withQuery,
} from "./api.ts";
import { useNotices } from "./use-notices.ts";
import { counted } from "./words.ts";

/** That the deadline of a message passes is no event: those of apps are read again and again. */
const appsMs = 10_000;
const rowHeight = 44;
const pageSize = "200";
const groupings = [
  ["missing", "what is missing"],
  ["rule", "rule"],
  ["app", "app"],
] as const;

export function Page() {
  const [by, setBy] = useQueryText("by", "missing");
  const [missing] = useQueryText("missing");
  const [app] = useQueryText("app");
  const [rule] = useQueryText("rule");
  const [since, setSince] = useQueryText("since");
  const filter: Query = { missing, app, rule, since };
  const key = withQuery("", filter);
  const { groups, list, failure, more, onRange } = useEverywhere(by, filter, key);
  const isFiltered = key !== "";
  return (
    <div class="page">
      <div class="page-head">
        <h1>Overdue</h1>
        {list !== undefined && list.length > 0 && <Exports filter={filter} />}
      </div>
      <div class="filters">
        <label>
          <span>Group by</span>
          <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>
            {groupings.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <TimeInput label="First seen since" value={since} onChange={setSince} />
        <Chips filter={filter} />
      </div>
      <ErrorMessage text={failure} />
      {groups !== undefined && list?.length === 0 && <Nothing isFiltered={isFiltered} />}
      {groups !== undefined && groups.groups.length > 0 && (
        <>
          <p class="about" role="status">
            {counted(groups.counted, "overdue id")} in {counted(groups.groups.length, "group")}
            {groups.more && ": the oldest ones; there are more"}
          </p>
          <GroupTable groups={groups.groups} />
        </>
      )}
      {list !== undefined && list.length > 0 && (
        <VirtualList
          class="overdue-list"
          count={list.length}
          rowHeight={rowHeight}
          label="Overdue ids, the oldest first"
          onEnd={more}
          onRange={onRange}
          row={(at) => <Row key={at} item={list[at]} />}
        />
      )}
    </div>
  );
}

/** Read again when a rule reports on the tab's socket that something has changed; with apps, again and again. */
function useEverywhere(by: string, filter: Query, key: string) {
  const everyMs = (filter["rule"] ?? "") === "" ? appsMs : undefined;
  const send = useCallback(() => groupOverdue({ ...filter, by }), [by, key]);
  const { answer: groups, failure, refresh: refreshGroups } = usePolled(send, everyMs);
  const read = useCallback(
    (after?: string) => listOverdue({ ...filter, limit: pageSize, after }),
    [key],
  );
  const pages = usePolledPages(read, everyMs, keyOf);
  const { refresh: refreshList } = pages;
  const refresh = useCallback(() => {
    refreshGroups();
    refreshList();
  }, [refreshGroups, refreshList]);
  useNotices(refresh);
  const { items: list, more, onRange } = pages;
  return { groups, list, failure: failure ?? pages.failure, more, onRange };
}

/** An id may be overdue under several rules, and as a message of an app. */
function keyOf({ rule, app_id: app, message_id: id }: OverdueItem): string {
  return JSON.stringify([rule, app, id]);
}

function Exports({ filter }: { readonly filter: Query }) {
  const href = (format: string) =>
    gatewayUrl(withQuery("/v1/overdue/export", { ...filter, format })).href;
  return (
    <span class="buttons">
      <a download="overdue.ndjson" href={href("ndjson")}>
        Export as NDJSON
      </a>
      <a download="overdue.csv" href={href("csv")}>
        as CSV
      </a>
    </span>
  );
}

/** What narrows the list, each with a button that drops it. */
function Chips({ filter }: { readonly filter: Query }) {
  const names = { missing: "lacks", app: "app", rule: "rule" } as const;
  return (
    <>
      {(["missing", "app", "rule"] as const).map((name) => {
        const value = filter[name] ?? "";
        if (value === "") return null;
        return (
          <button
            key={name}
            type="button"
            aria-label={`Show others than ${names[name]} ${value}`}
            onClick={() => setQuery({ [name]: undefined })}
          >
            {names[name]} <SafeText text={value} max={60} /> ✕
          </button>
        );
      })}
    </>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const me = useMe();
  const mayReadAll = may(me, "read", "rule:*") && may(me, "read", "app:*");
  if (isFiltered) {
    return (
      <Empty title="Nothing of this kind is overdue">
        <p>
          <a href={hrefTo("/overdue")}>Show all that is overdue</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title={mayReadAll ? "Nothing is overdue" : "Nothing that you may read is overdue"}>
      <p>
        Here are the ids of ack rules, and the messages of apps, that were not seen everywhere
        before their deadline. Give a deadline to an <a href={hrefTo("/rules")}>ack rule</a> or an{" "}
        <a href={hrefTo("/apps")}>app</a>.
      </p>
    </Empty>
  );
}

function GroupTable({ groups }: { readonly groups: readonly OverdueGroup[] }) {
  return (
    <div class="scroll-x groups" tabIndex={0} role="region" aria-label="Groups">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col" class="number">
              Ids
            </th>
            <th scope="col">Oldest seen</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={JSON.stringify([group.missing, group.rule, group.app_id])}>
              <td>
                <GroupName group={group} />
              </td>
              <td class="number">{renderCount(group.count)}</td>
              <td>
                <Age of={group.oldest.first_seen} /> ago
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function GroupName({ group: { missing, rule, app_id: app } }: { readonly group: OverdueGroup }) {
  if (missing !== undefined) {
    return (
      <>
        lacks{" "}
        {missing.map((name) => (
          <button
            key={name}
            type="button"
            class="plain-link"
            onClick={() => setQuery({ missing: name })}
          >
            <SafeText text={name} max={60} />
          </button>
        ))}
      </>
    );
  }
  const [name, value] =
    rule === undefined ? (["app", app ?? ""] as const) : (["rule", rule] as const);
  return (
    <button type="button" class="plain-link" onClick={() => setQuery({ [name]: value })}>
      {name === "rule" ? "rule" : "app"} <SafeText text={value} max={60} />
    </button>
  );
}

function Row({ item }: { readonly item: OverdueItem | undefined }) {
  if (item === undefined) return null;
  const { rule, app_id: app = "", message_id: id, missing, first_seen: first } = item;
  const href =
    rule === undefined
      ? hrefTo("/messages/one", { app, id })
      : hrefTo(`/rules/${segment(rule)}`, { sel: id });
  return (
    <div role="listitem" class="overdue-row">
      <span>
        <a href={href}>
          <SafeText text={id} max={80} />
        </a>{" "}
        <span class="about">
          {rule === undefined ? "app" : "rule"} <SafeText text={rule ?? app} max={40} />
        </span>
      </span>
      <span>
        lacks <SafeText text={missing.join(", ")} max={120} />
      </span>
      <span class="number about">
        seen <Age of={first} /> ago
      </span>
    </div>
  );
}
