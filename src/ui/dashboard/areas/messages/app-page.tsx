/** `/apps/one`: what an app expects, how many messages come how far, and what was missing when. */

import { useCallback, useEffect } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { gatewayNow } from "../../../gateway-time.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { visibleText } from "../../kit/visible-text.ts";
import { hrefTo, setQuery, useQueryText } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { type AppSettings, readApp, readFunnel, readMissing, readStates } from "./api.ts";
import { AppCounts } from "./app-counts.tsx";
import { AppForm } from "./app-form.tsx";
import { FunnelTable } from "./funnel-table.tsx";
import { MissingStrips } from "./missing/strips.tsx";

const settingsMs = 10_000;
const countsMs = 5000;
const funnelMs = 15_000;
const stagesMax = 20;

const ranges = [
  { text: "1h", words: "last hour", ms: 3_600_000 },
  { text: "6h", words: "last 6 hours", ms: 6 * 3_600_000 },
  { text: "24h", words: "last 24 hours", ms: 24 * 3_600_000 - 60_000 },
] as const;

export function Page() {
  const me = useMe();
  const [id] = useQueryText("app");
  useEffect(() => {
    if (id !== "") document.title = `${visibleText(id, 60)} · Sluice`;
  }, [id]);
  if (id === "" || !may(me, "read", `app:${id}`)) {
    return (
      <div class="page">
        <h1>One app</h1>
        <Empty title={id === "" ? "The address names no app" : "Not allowed"}>
          <p>
            {id === "" ? "It needs an app." : "You may not read this app."}{" "}
            <a href={hrefTo("/apps")}>To the apps</a>
          </p>
        </Empty>
      </div>
    );
  }
  return <OneApp key={id} id={id} />;
}

function OneApp({ id }: { readonly id: string }) {
  const me = useMe();
  const send = useCallback(() => readApp(id), [id]);
  const { answer: app, failure, refresh } = usePolled(send, settingsMs);
  const sendStates = useCallback(() => readStates(id), [id]);
  const counts = usePolled(sendStates, countsMs).answer;
  return (
    <div class="page app-page">
      <div class="page-head">
        <h1>
          <SafeText text={id} max={260} />
        </h1>
        <a href={hrefTo("/messages", { app: id })}>Its messages</a>
      </div>
      <ErrorMessage text={failure} />
      {counts !== undefined && <AppCounts appId={id} counts={counts} />}
      {app !== undefined && <Stages app={app} />}
      {app !== undefined && (
        <AppForm app={app} isAllowed={may(me, "manage", `app:${id}`)} onSaved={refresh} />
      )}
    </div>
  );
}

function Stages({ app }: { readonly app: AppSettings }) {
  const id = app.app_id;
  const [given] = useQueryText("stages");
  const [since] = useQueryText("since");
  const [until] = useQueryText("until");
  const [last] = useQueryText("last", "1h");
  const stages = given === "" ? app.expected.slice(0, stagesMax).join(",") : given;
  const range = ranges.find(({ text }) => text === last) ?? ranges[0];
  const spanOf = useCallback(() => {
    if (since !== "") return { since, until };
    return { since: new Date(gatewayNow() - range.ms).toISOString(), until };
  }, [since, until, range]);
  const sendFunnel = useCallback(
    () => readFunnel({ app_id: id, stages, ...spanOf() }),
    [id, stages, spanOf],
  );
  const sendMissing = useCallback(
    () => readMissing(id, { stages, ...spanOf() }),
    [id, stages, spanOf],
  );
  if (stages === "") {
    return (
      <Empty title="This app expects nothing yet">
        <p>
          Say below which events each of its messages should have. Then this page shows how far
          messages come, and what is missing when.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <div class="filters" role="group" aria-label="Time">
        <label>
          <span>First events of the</span>
          <select
            value={since === "" ? range.text : "custom"}
            onChange={({ currentTarget: { value } }) =>
              setQuery({
                last: value === "1h" ? undefined : value,
                since: undefined,
                until: undefined,
              })
            }
          >
            {ranges.map(({ text, words }) => (
              <option key={text} value={text}>
                {words}
              </option>
            ))}
            {since !== "" && <option value="custom">time in the address</option>}
          </select>
        </label>
      </div>
      <Funnels send={sendFunnel} appId={id} />
      <Missing send={sendMissing} appId={id} />
    </>
  );
}

function Funnels({
  send,
  appId,
}: {
  readonly send: () => ReturnType<typeof readFunnel>;
  readonly appId: string;
}) {
  const { answer, failure } = usePolled(send, funnelMs);
  return (
    <section aria-labelledby="funnel">
      <h2 id="funnel">How far messages come</h2>
      <ErrorMessage text={failure} />
      {answer !== undefined && <FunnelTable funnel={answer} appId={appId} />}
    </section>
  );
}

function Missing({
  send,
  appId,
}: {
  readonly send: () => ReturnType<typeof readMissing>;
  readonly appId: string;
}) {
  const { answer, failure } = usePolled(send, funnelMs);
  return (
    <section aria-labelledby="missing">
      <h2 id="missing">What is missing, by the minute of the first event</h2>
      <ErrorMessage text={failure} />
      {answer !== undefined && <MissingStrips missing={answer} appId={appId} />}
    </section>
  );
}
