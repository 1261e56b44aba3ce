/** One emitter or topic: its live stream, or a page of its earlier events. */

import { useState } from "preact/hooks";
import { Badge } from "../badge.tsx";
import { ErrorMessage } from "../error-message.tsx";
import { EventList } from "../event-list.tsx";
import { renderRate } from "../format.ts";
import { messageOf } from "../http.ts";
import type { LiveView } from "../live.ts";
import { gatewayUrl } from "../root.ts";
import { Sparkline } from "../sparkline.tsx";
import { EmitterHead } from "./emitter-head.tsx";
import { readPage, type ShownPage } from "./gateway.ts";
import { useLiveStream } from "./live-stream.ts";
import type { Target } from "./target.ts";

export function StreamView({
  target,
  onEnd,
}: {
  readonly target: Target;
  readonly onEnd: () => void;
}) {
  const [page, setPage] = useState<ShownPage>();
  const [failure, setFailure] = useState<string>();
  const isLive = page === undefined;
  const { view, togglePause } = useLiveStream(target, isLive);

  const turn = async (query: { readonly after?: string; readonly before?: string }) => {
    try {
      setPage(await readPage(target, query));
      setFailure(undefined);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  const backToLive = () => {
    setPage(undefined);
    setFailure(undefined);
  };
  const newer = () => {
    if (page?.next === null) backToLive();
    else if (page !== undefined) void turn({ after: page.next });
  };
  const events = page?.events ?? view.events;
  const oldest = events.find(({ position }) => position !== undefined)?.position ?? null;
  const before = isLive && view.older ? oldest : (page?.prev ?? null);
  const isOver = view.state === "ended" || view.state === "refused";

  return (
    <>
      <EmitterHead target={target} over={view.state === "ended"} onEnd={onEnd} />
      <div class="controls" role="group" aria-label="Stream">
        <Badge state={isLive ? view.state : "history"} title={view.why} />
        {isLive ? (
          <LiveControls view={view} togglePause={togglePause} />
        ) : (
          <button type="button" class="primary" onClick={backToLive}>
            Back to live
          </button>
        )}
        <span class="pages">
          <button
            type="button"
            disabled={before === null}
            onClick={() => before !== null && void turn({ before })}
          >
            ← Older
          </button>
          <button type="button" disabled={isLive} onClick={newer}>
            Newer →
          </button>
        </span>
      </div>
      <ErrorMessage text={failure ?? (view.state === "live" ? undefined : view.why)} />
      <EventList
        key={isLive ? "live" : `page ${page.events[0]?.id}`}
        events={events}
        label={`Events of ${target.name}`}
        follow={isLive}
        empty={isOver ? "Nothing to show." : <Empty target={target} />}
      />
      <Foot view={view} page={page} />
    </>
  );
}

function LiveControls({
  view,
  togglePause,
}: {
  readonly view: LiveView;
  readonly togglePause: (() => void) | undefined;
}) {
  return (
    <>
      <button type="button" disabled={togglePause === undefined} onClick={togglePause}>
        {view.state === "paused" ? "Resume" : "Pause"}
      </button>
      <span class="rate">
        <strong>{renderRate(view.perSecond)}</strong> events/s
      </span>
      <Sparkline counts={view.lastMinute} />
    </>
  );
}

function Foot({ view, page }: { readonly view: LiveView; readonly page: ShownPage | undefined }) {
  return (
    <p class="foot">
      {page === undefined ? (
        <>
          Position <code>{view.position ?? "none yet"}</code>
        </>
      ) : (
        <>
          <code>{page.events[0]?.position}</code> to <code>{page.events.at(-1)?.position}</code>
        </>
      )}
    </p>
  );
}

function Empty({ target }: { readonly target: Target }) {
  return (
    <>
      <p>No events yet. Append one:</p>
      <code>{`curl ${gatewayUrl(target.pages).href} -d '{"level":"INFO","message":"hello"}'`}</code>
    </>
  );
}
