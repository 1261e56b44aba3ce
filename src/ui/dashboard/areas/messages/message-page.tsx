/** `/messages/one`: all that is known of one message, what it lacks and why, and its events as they come. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { gatewayNow } from "../../../gateway-time.ts";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { visibleText } from "../../kit/visible-text.ts";
import { hrefTo, setQuery, useQueryText } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { type Lifecycle, readApp, readFunnel, readMessage } from "./api.ts";
import { EventRows } from "./event-rows.tsx";
import { StateWord } from "./state-word.tsx";
import { type Clock, clocks } from "./timeline/rows.ts";
import { TimelineTable } from "./timeline/timeline-table.tsx";
import { Timeline } from "./timeline/timeline.tsx";
import { useMessageEvents } from "./use-message-events.ts";

const pollMs = 5000;
const funnelMs = 60_000;
/** The funnel is of the messages of the last day. */
const funnelSpanMs = 86_400_000;

export function Page() {
  const [id] = useQueryText("id");
  const [app] = useQueryText("app");
  useEffect(() => {
    if (id !== "") document.title = `${visibleText(id, 60)} · Sluice`;
  }, [id]);
  if (id === "") return <WithoutId />;
  return <OneMessage key={`${id}\n${app}`} id={id} appId={app} />;
}

function WithoutId() {
  return (
    <div class="page">
      <h1>One message</h1>
      <Empty title="The address names no message">
        <p>
          It needs an <code>id</code>. <a href={hrefTo("/messages")}>Search for a message.</a>
        </p>
      </Empty>
    </div>
  );
}

function OneMessage({ id, appId }: { readonly id: string; readonly appId: string }) {
  const me = useMe();
  const send = useCallback(() => readMessage(id), [id]);
  const { answer: lifecycles, failure, refresh } = usePolled(send, pollMs);
  const expected = lifecycles?.reduce((sum, one) => sum + countOf(one), 0);
  const mayReadTopic = may(me, "read", "topic:lifecycle");
  const events = useMessageEvents(id, mayReadTopic, expected, refresh);
  const only = lifecycles?.length === 1 ? lifecycles[0]?.app_id : undefined;
  const shownApp = appId === "" ? only : appId;
  const lifecycle = lifecycles?.find((one) => one.app_id === shownApp);
  const isHidden = shownApp !== undefined && !may(me, "read", `app:${shownApp}`);
  return (
    <div class="page message-page">
      <div class="page-head">
        <h1>
          <SafeText text={id} max={260} />
        </h1>
        <CopyButton text={id} label="Copy id" />
      </div>
      <ErrorMessage text={failure} />
      {isHidden && (
        <Empty title="Not allowed">
          <p>
            You may not read the app <SafeText text={shownApp} />. What it knows of this message,
            and what is missing, is not shown.
          </p>
        </Empty>
      )}
      {lifecycle !== undefined && <Known lifecycle={lifecycle} />}
      {lifecycle === undefined && lifecycles !== undefined && !isHidden && (
        <Unknown id={id} appId={shownApp} lifecycles={lifecycles} />
      )}
      <EventRows events={events} appId={shownApp} />
    </div>
  );
}

function Known({ lifecycle }: { readonly lifecycle: Lifecycle }) {
  const { app_id: appId, external_id: externalId, missing, state } = lifecycle;
  const sendApp = useCallback(() => readApp(appId), [appId]);
  const { answer: app, failure } = usePolled(sendApp, pollMs);
  const expected = app?.expected.slice(0, 20).join(",") ?? "";
  const sendFunnel = useCallback(
    async () => (expected === "" ? undefined : await recentFunnel(appId, expected)),
    [appId, expected],
  );
  const funnel = usePolled(sendFunnel, funnelMs);
  const [event, setEvent] = useQueryText("event");
  const [clock, fold] = [useClock(), useFold()];
  const nowNs = useNow(missing.length > 0);
  const props = useMemo(
    () => app && { lifecycle, app, funnel: funnel.answer, nowNs, clock, fold },
    [lifecycle, app, funnel.answer, nowNs, clock, fold],
  );
  return (
    <>
      <p class="message-about">
        <StateWord state={state} />
        <span>
          App{" "}
          <a href={hrefTo("/apps/one", { app: appId })}>
            <SafeText text={appId} max={80} />
          </a>
        </span>
        {externalId !== undefined && (
          <span>
            External id{" "}
            <a href={hrefTo("/messages", { external: externalId })}>
              <SafeText text={externalId} max={80} />
            </a>
          </span>
        )}
        <span aria-live="polite">{summaryOf(lifecycle)}</span>
      </p>
      <ErrorMessage text={failure} />
      <TimelineControls clock={clock} fold={fold} />
      {props !== undefined && (
        <>
          <Timeline {...props} selected={event} onSelect={setEvent} />
          <TimelineTable {...props} />
        </>
      )}
    </>
  );
}

function recentFunnel(appId: string, stages: string) {
  const since = new Date(gatewayNow() - funnelSpanMs).toISOString();
  return readFunnel({ app_id: appId, stages, since });
}

function countOf({ events, events_not_shown: hidden = 0 }: Lifecycle): number {
  return events.reduce((sum, one) => sum + one.count, 0) + hidden;
}

function summaryOf(lifecycle: Lifecycle): string {
  const { events, missing, events_not_shown: hidden = 0 } = lifecycle;
  const count = countOf(lifecycle);
  const repeats = events.reduce((sum, one) => sum + one.count - 1, 0);
  const parts = [
    `${count} ${count === 1 ? "event" : "events"}`,
    ...(repeats > 0 ? [`${repeats} of them repeated`] : []),
    ...(hidden > 0 ? [`${hidden} with names that are not kept`] : []),
    missing.length === 0 ? "nothing expected is missing" : `${missing.length} missing`,
  ];
  return parts.join(", ");
}

function Unknown({
  id,
  appId,
  lifecycles,
}: {
  readonly id: string;
  readonly appId: string | undefined;
  readonly lifecycles: readonly Lifecycle[];
}) {
  if (lifecycles.length === 0) {
    return (
      <Empty title="Nothing is known of this message">
        <p>
          No event of it came, or its lifecycle is older than its app keeps. This page shows its
          first event when it comes.
        </p>
        <p>
          <a href={hrefTo("/messages", { id })}>Search for ids that begin with it</a>
        </p>
      </Empty>
    );
  }
  return (
    <section aria-label="Apps">
      <p>
        {appId === undefined
          ? "Several apps know this message:"
          : "This app knows nothing of the message; these do:"}
      </p>
      <ul class="plain">
        {lifecycles.map(({ app_id, state }) => (
          <li key={app_id}>
            <a href={hrefTo("/messages/one", { app: app_id, id })}>
              <SafeText text={app_id} max={80} />
            </a>{" "}
            <StateWord state={state} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function TimelineControls({ clock, fold }: { readonly clock: Clock; readonly fold: boolean }) {
  return (
    <div class="filters" role="group" aria-label="Timeline">
      <label>
        <span>Clock</span>
        <select
          value={clock}
          onChange={({ currentTarget: { value } }) =>
            setQuery({ clock: value === "told" ? undefined : value })
          }
        >
          <option value="told">Times of the services</option>
          <option value="received">Times of receipt</option>
          <option value="both">Both</option>
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={fold}
          onChange={({ currentTarget: { checked } }) =>
            setQuery({ fold: checked ? undefined : "0" })
          }
        />
        Fold idle stretches
      </label>
    </div>
  );
}

function useClock(): Clock {
  const [text] = useQueryText("clock", "told");
  return clocks.find((clock) => clock === text) ?? "told";
}

function useFold(): boolean {
  return useQueryText("fold", "1")[0] !== "0";
}

/** The gateway's time, each second while something is awaited. */
function useNow(isRunning: boolean): bigint {
  const [nowMs, setNowMs] = useState(gatewayNow);
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) setNowMs(gatewayNow());
    }, 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return BigInt(Math.round(nowMs)) * 1_000_000n;
}
