/** `/messages`: search for messages by id, external id, app, state, missing or seen event, and time. */

import { useCallback, useId, useMemo, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { TimeInput } from "../../kit/time-input.tsx";
import { go, hrefTo, setQuery, usePlace } from "../../shell/place.ts";
import { listApps, readStates, type State, states } from "./api.ts";
import { AppCounts } from "./app-counts.tsx";
import { type MessageList, useMessageList } from "./message-list.ts";
import { MessageRows } from "./message-rows.tsx";

const countsMs = 5000;
const appsMs = 10_000;
const filterNames = [
  "app",
  "id",
  "external",
  "state",
  "missing",
  "seen",
  "since",
  "until",
] as const;

export function Page() {
  const { query } = usePlace();
  const text = (name: string) => query.get(name) ?? "";
  const state = states.find((one) => one === text("state"));
  // Overdue ones are looked at by their age, all others as they come.
  const order = query.get("order") ?? (state === "overdue" ? "oldest" : "newest");
  const key = query.toString();
  const parameters = useMemo(
    () => ({
      app_id: text("app"),
      id_prefix: text("id"),
      external_id: text("external"),
      state,
      missing: text("missing"),
      event: text("seen"),
      since: text("since"),
      until: text("until"),
      order,
    }),
    [key],
  );
  const list = useMessageList(parameters);
  const hasFilters = filterNames.some((name) => text(name) !== "");
  return (
    <div class="page search-page">
      <div class="page-head">
        <h1>Messages</h1>
        <a href={hrefTo("/apps")}>Apps and what they expect</a>
      </div>
      <Filters text={text} state={state} order={order} />
      {text("app") !== "" && <CountsOf appId={text("app")} />}
      <ErrorMessage text={list.failure} />
      <p class="about" role="status">
        {statusOf(list)}
      </p>
      {list.rows.length > 0 && (
        <MessageRows
          list={list}
          onOpen={(one) => go("/messages/one", { app: one.app_id, id: one.message_id })}
        />
      )}
      {list.rows.length === 0 && list.isComplete && !hasFilters && (
        <Empty
          title="No service has sent an event yet"
          command={`curl ${location.origin}/api/event -d '{"app_id":"shop","message_id":"order-1","event":"CREATED"}'`}
        >
          <p>
            Here is what happened to every message that passes through your services: each service
            sends an event when a message passes it.
          </p>
        </Empty>
      )}
      {list.rows.length === 0 && list.isComplete && hasFilters && (
        <Empty title="No message fits">
          <p>
            All that is kept was searched. An id is searched from its beginning, an external id as a
            whole.
          </p>
          <p>
            <a href={hrefTo("/messages")}>Show all messages</a>
          </p>
        </Empty>
      )}
    </div>
  );
}

function statusOf({
  rows: { length: count },
  isComplete,
  isLoading,
  failure,
}: MessageList): string {
  if (isLoading) return "Searching…";
  // Why stands above: a search that is refused does not go on.
  if (failure !== undefined && count === 0) return "";
  const messages = `${renderCount(count)} ${count === 1 ? "message" : "messages"}`;
  if (isComplete) return `${messages}, that is all`;
  return count === 0 ? "Nothing found so far, searching on…" : `${messages} loaded, more follow`;
}

function CountsOf({ appId }: { readonly appId: string }) {
  const send = useCallback(() => readStates(appId), [appId]);
  const { answer } = usePolled(send, countsMs);
  return answer === undefined ? null : <AppCounts appId={appId} counts={answer} />;
}

function Filters({
  text,
  state,
  order,
}: {
  readonly text: (name: string) => string;
  readonly state: State | undefined;
  readonly order: string;
}) {
  const { answer } = usePolled(firstApps, appsMs);
  const list = useId();
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <datalist id={list}>
        {answer?.apps.map(({ app_id }) => (
          <option key={app_id} value={app_id} />
        ))}
      </datalist>
      <TextFilter name="id" label="Message id begins with" value={text("id")} />
      <TextFilter name="external" label="External id" value={text("external")} />
      <TextFilter name="app" label="App" value={text("app")} list={list} />
      <label>
        <span>State</span>
        <select
          value={state ?? ""}
          onChange={({ currentTarget: { value } }) => setQuery({ state: value || undefined })}
        >
          <option value="">any</option>
          {states.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <TextFilter name="missing" label="Lacks the expected event" value={text("missing")} />
      <TextFilter name="seen" label="Has the event" value={text("seen")} />
      <TimeInput
        label="First event since"
        value={text("since")}
        onChange={(time) => setQuery({ since: time || undefined })}
      />
      <TimeInput
        label="First event before"
        value={text("until")}
        onChange={(time) => setQuery({ until: time || undefined })}
      />
      <label>
        <span>Order</span>
        <select
          value={order}
          disabled={text("id") !== ""}
          onChange={({ currentTarget: { value } }) => setQuery({ order: value })}
        >
          <option value="newest">newest first</option>
          <option value="oldest">oldest first</option>
        </select>
        {text("id") !== "" && <small>by id</small>}
      </label>
    </form>
  );
}

function firstApps() {
  return listApps({ limit: 500 });
}

/** Taken with Enter, or when it is left: each change is a search. */
function TextFilter({
  name,
  label,
  value,
  list,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly list?: string;
}) {
  const [draft, setDraft] = useState<string>();
  const take = () => {
    if (draft !== undefined) setQuery({ [name]: draft || undefined });
    setDraft(undefined);
  };
  return (
    <label>
      <span>{label}</span>
      <input
        type="search"
        autocomplete="off"
        spellcheck={false}
        value={draft ?? value}
        {...(list === undefined ? {} : { list })}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onChange={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
        }}
      />
    </label>
  );
}
