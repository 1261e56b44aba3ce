/** One emitter or topic: live, or a page of what it said before. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Badge } from "../badge.tsx";
import { EventList } from "../event-list.tsx";
import { renderRate } from "../format.ts";
import { messageOf, Refused } from "../http.ts";
import { Live, notYet, type LiveView } from "../live.ts";
import { Sparkline } from "../sparkline.tsx";
import { EmitterHead } from "./emitter-head.tsx";
import { readPage, type ShownPage } from "./gateway.ts";
import type { Target } from "./target.ts";

/** How long to wait before a gateway that was away is asked again. */
const againMs = 2000;

export function StreamView({
  target,
  ended,
}: {
  readonly target: Target;
  readonly ended: () => void;
}) {
  const [view, setView] = useState<LiveView>(notYet);
  const [page, setPage] = useState<ShownPage>();
  const [failure, setFailure] = useState<string>();
  const live = useRef<Live | undefined>(undefined);
  const isLive = page === undefined;

  // The newest page first, then the stream after it: nothing between them is missed.
  useEffect(() => {
    if (!isLive) return undefined;
    let left = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    setView(notYet);
    const begin = () =>
      void readPage(target, {}).then(
        ({ events, prev }) => {
          if (left) return;
          setFailure(undefined);
          const older = prev !== null;
          const after = events.at(-1)?.position ?? "earliest";
          setView({ ...notYet, events, older });
          live.current = new Live(target.stream, { shown: events, older, after }, setView);
        },
        (error: unknown) => {
          if (left) return;
          const passing = error instanceof Refused && error.isPassing;
          setView({ ...notYet, state: passing ? "waiting" : "refused", why: messageOf(error) });
          if (passing) timer = setTimeout(begin, againMs);
        },
      );
    begin();
    return () => {
      left = true;
      clearTimeout(timer);
      live.current?.close();
      live.current = undefined;
    };
  }, [target, isLive]);

  const turn = async (query: { readonly after?: string; readonly before?: string }) => {
    try {
      setPage(await readPage(target, query));
      setFailure(undefined);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  const newer = () => {
    if (page?.next === null) setPage(undefined);
    else if (page !== undefined) void turn({ after: page.next });
  };
  const events = page?.events ?? view.events;
  const oldest = events.find(({ position }) => position !== undefined)?.position ?? null;
  const before = isLive && view.older ? oldest : (page?.prev ?? null);
  const paused = view.state === "paused";
  const over = view.state === "ended" || view.state === "refused";

  return (
    <>
      <EmitterHead target={target} over={view.state === "ended"} ended={ended} />
      <div class="controls" role="group" aria-label="Stream">
        <Badge state={isLive ? view.state : "history"} title={view.why} />
        {isLive ? (
          <>
            <button
              type="button"
              disabled={live.current === undefined || over}
              onClick={() => (paused ? live.current?.resume() : live.current?.pause())}
            >
              {paused ? "Resume" : "Pause"}
            </button>
            <span class="rate">
              <strong>{renderRate(view.perSecond)}</strong> events/s
            </span>
            <Sparkline counts={view.lastMinute} />
          </>
        ) : (
          <button type="button" class="primary" onClick={() => setPage(undefined)}>
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
      {(failure ?? (view.state === "live" ? undefined : view.why)) !== undefined && (
        <p class="failure" role="alert">
          {failure ?? view.why}
        </p>
      )}
      <EventList
        key={isLive ? "live" : `page ${page.events[0]?.id}`}
        events={events}
        label={`Events of ${target.name}`}
        follow={isLive}
        empty={over ? "Nothing to show." : <Empty target={target} />}
      />
      <p class="foot">
        {isLive ? (
          <>
            Position <code>{view.position ?? "none yet"}</code>
          </>
        ) : (
          <>
            <code>{page?.events[0]?.position}</code> to <code>{page?.events.at(-1)?.position}</code>
          </>
        )}
      </p>
    </>
  );
}

function Empty({ target }: { readonly target: Target }) {
  return (
    <>
      <p>No events yet. Append one:</p>
      <code>{`curl ${location.origin}${target.pages} -d '{"level":"INFO","message":"hello"}'`}</code>
    </>
  );
}
