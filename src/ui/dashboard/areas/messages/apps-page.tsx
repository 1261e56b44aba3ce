/** `/apps`: the apps, what each expects, and how its messages fare. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { Empty } from "../../kit/empty.tsx";
import type { ListPage } from "../../kit/pages.ts";
import { usePolledPages } from "../../kit/polled-pages.ts";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { hrefTo } from "../../shell/place.ts";
import { useMe } from "../../shell/session.ts";
import { type AppSettings, listApps, readStates } from "./api.ts";
import { AppCounts } from "./app-counts.tsx";
import { CreateApp } from "./create-app.tsx";
import { nsFromMs, renderSpan } from "./duration.ts";

const pageApps = 500;
const listMs = 5000;
const countsMs = 10_000;
const rowHeight = 64;

export function Page() {
  const me = useMe();
  const mayCreate = me !== undefined && (!me.closed || me.grants.some(isManage));
  const [isCreating, setIsCreating] = useState(false);
  const { items: apps, failure, more, onRange } = usePolledPages(readApps, listMs, idOf);
  return (
    <div class="page">
      <div class="page-head">
        <h1>Apps</h1>
        {mayCreate && (
          <button type="button" class="primary" onClick={() => setIsCreating(true)}>
            Create an app
          </button>
        )}
      </div>
      {isCreating && <CreateApp onClose={() => setIsCreating(false)} />}
      <ErrorMessage text={failure} />
      {apps?.length === 0 && (
        <Empty
          title="No app has messages or settings"
          command={`curl -X PUT ${location.origin}/v1/apps/shop -d '{"expected":["CREATED","SENT"],"deadline_ms":60000}'`}
        >
          <p>
            An app says which events it expects of each of its messages, and until when. What lacks
            one of them is found here.
          </p>
        </Empty>
      )}
      {apps !== undefined && apps.length > 0 && (
        <VirtualList
          count={apps.length}
          rowHeight={rowHeight}
          label="Apps"
          onEnd={more}
          onRange={onRange}
          row={(index) => {
            const app = apps[index];
            return app && <AppRow key={app.app_id} app={app} />;
          }}
        />
      )}
    </div>
  );
}

async function readApps(after?: string): Promise<ListPage<AppSettings>> {
  const { apps: items, next } = await listApps({ after, limit: pageApps });
  return { items, next };
}

const idOf = ({ app_id: id }: AppSettings) => id;

function isManage(grant: string): boolean {
  return grant === "manage *" || grant.startsWith("manage app:");
}

function AppRow({ app }: { readonly app: AppSettings }) {
  const { app_id: id, expected, deadline_ms: deadlineMs } = app;
  const send = useCallback(() => readStates(id), [id]);
  const { answer: counts } = usePolled(send, countsMs);
  return (
    <div class="app-row" role="listitem">
      <span class="message-id">
        <a href={hrefTo("/apps/one", { app: id })}>
          <SafeText text={id} max={100} />
        </a>
        <span class="about">
          {expected.length === 0 ? (
            "expects nothing"
          ) : (
            <>
              expects <SafeText text={expected.join(" → ")} max={140} />
              {deadlineMs !== null && ` within ${renderSpan(nsFromMs(deadlineMs))}`}
            </>
          )}
        </span>
      </span>
      {counts !== undefined && <AppCounts appId={id} counts={counts} />}
    </div>
  );
}
