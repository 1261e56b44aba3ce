/** One emitter: what it is, its live stream, and pages of its older events. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { Badge } from "../../../badge.tsx";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderAge, renderCount } from "../../../format.ts";
import { gatewayNow } from "../../../gateway-time.ts";
import { messageOf } from "../../../http.ts";
import { offWhile, useWork, WorkButton } from "../../../work.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Command } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { renderRate } from "../../kit/rate-text.ts";
import { type PageProps } from "../../shell/page.ts";
import { hrefTo, segment, setQuery, usePlace } from "../../shell/place.ts";
import { may, useMe, useSession } from "../../shell/session.ts";
import {
  type EmitterDetails,
  endEmitter,
  type HistoryPage,
  readEmitter,
  readHistory,
  type Turn,
} from "./emitters.ts";
import { Lines } from "./lines.tsx";
import { Opened } from "./opened.tsx";
import { appendCommand, type Source, watchCommand } from "./source.ts";
import { TailPane } from "./tail-pane.tsx";
import type { Line } from "./tail.ts";
import { useTail } from "./use-tail.ts";

const detailsMs = 5000;

export function Page({ params: { emitter: id = "" } }: PageProps) {
  const { query } = usePlace();
  const turn = turnFrom(query);
  const source: Source = { kind: "emitter", name: id };
  const from = query.get("from") ?? undefined;
  const tail = useTail(source, from, { isOn: turn === undefined });
  const older = oldestOf(tail.view.lines);
  return (
    <div class="page emitter-page">
      <Head key={id} id={id} isOver={tail.view.state === "ended"} />
      {turn === undefined ? (
        <TailPane
          tail={tail}
          label={`emitter ${id}`}
          showKeys={false}
          loadWhole={async ({ position = "" }) => await wholeValue(id, position)}
          empty={<Nothing id={id} isOver={/ended|refused/.test(tail.view.state)} />}
        >
          <Pager
            older={older === undefined ? undefined : () => goTo({ before: older })}
            newer={undefined}
          />
        </TailPane>
      ) : (
        <History key={`${turn.before} ${turn.after}`} id={id} turn={turn} />
      )}
    </div>
  );
}

/** Where in the history the address is; undefined: at the live end. */
function turnFrom(query: URLSearchParams): Turn | undefined {
  const before = query.get("before");
  const after = query.get("after");
  if (before !== null) return { before };
  return after === null ? undefined : { after };
}

function goTo({ before, after }: Turn): void {
  setQuery({ before, after }, { replace: false });
}

function oldestOf(lines: readonly Line[]): string | undefined {
  return lines.find(({ position }) => position !== undefined)?.position;
}

/** The event itself is the newest of those before the one after it. */
async function wholeValue(id: string, position: string): Promise<string> {
  const { prev } = await readHistory(id, { after: position }, 1);
  const { lines } = await readHistory(id, prev === null ? {} : { before: prev }, 1);
  const line = lines.find((one) => one.position === position);
  if (line === undefined) throw new Error(`Nothing is kept at position ${position} any more`);
  return line.text;
}

function History({ id, turn }: { readonly id: string; readonly turn: Turn }) {
  const [page, setPage] = useState<HistoryPage>();
  const [failure, setFailure] = useState<string>();
  const [opened, setOpened] = useState<Line>();
  useEffect(() => {
    let isOver = false;
    readHistory(id, turn).then(
      (found) => !isOver && setPage(found),
      (error: unknown) => !isOver && setFailure(messageOf(error)),
    );
    return () => {
      isOver = true;
    };
  }, []);
  const { next, prev } = page ?? { next: null, prev: null };
  const toLive = () => goTo({});
  const toNewer = () => goTo(next === null ? {} : { after: next });
  return (
    <>
      <div class="controls" role="group" aria-label="Older events">
        <Badge state="history" />
        <button type="button" class="primary" onClick={toLive}>
          Back to live
        </button>
        <Pager
          older={prev === null ? undefined : () => goTo({ before: prev })}
          newer={page === undefined ? undefined : toNewer}
        />
      </div>
      <ErrorMessage text={failure} />
      <Lines
        lines={page?.lines ?? []}
        label={`Events of emitter ${id}`}
        follow={false}
        showKeys={false}
        selected={opened?.id}
        onSelect={setOpened}
        empty={page === undefined ? "" : "Nothing older is kept."}
      />
      {opened !== undefined && (
        <Opened line={opened} loadWhole={undefined} onClose={() => setOpened(undefined)} />
      )}
      <p class="foot">
        <span>
          <code>{page?.lines[0]?.position}</code> to <code>{page?.lines.at(-1)?.position}</code>
        </span>
      </p>
    </>
  );
}

function Pager({
  older,
  newer,
}: {
  readonly older: (() => void) | undefined;
  readonly newer: (() => void) | undefined;
}) {
  return (
    <span class="pager">
      <button type="button" {...offWhile(older === undefined, older)}>
        ← Older
      </button>
      <button type="button" {...offWhile(newer === undefined, newer)}>
        Newer →
      </button>
    </span>
  );
}

function Head({ id, isOver }: { readonly id: string; readonly isOver: boolean }) {
  const [isEnding, setIsEnding] = useState(false);
  const me = useMe();
  const { answer: details, refresh } = usePolled(
    useCallback(() => readEmitter(id), [id]),
    detailsMs,
  );
  useEffect(() => {
    if (isOver) refresh();
  }, [isOver, refresh]);
  const mayEnd = details !== undefined && details.ended_at === undefined;
  return (
    <>
      <div class="page-head">
        <div>
          <p class="about">
            <a href={hrefTo("/emitters")}>Emitters</a>
          </p>
          <h1>{id}</h1>
          <p class="about">{details === undefined ? "Emitter" : <About details={details} />}</p>
        </div>
        {mayEnd && may(me, "manage", `emitter:${id}`) && (
          <button type="button" class="danger" onClick={() => setIsEnding(true)}>
            End…
          </button>
        )}
      </div>
      <Command text={watchCommand({ kind: "emitter", name: id }, me?.closed === true)} />
      {isEnding && (
        <EndDialog
          id={id}
          onClose={() => setIsEnding(false)}
          onEnd={() => {
            setIsEnding(false);
            refresh();
          }}
        />
      )}
    </>
  );
}

function EndDialog({
  id,
  onClose,
  onEnd,
}: {
  readonly id: string;
  readonly onClose: () => void;
  readonly onEnd: () => void;
}) {
  const work = useWork();
  const end = async () => {
    await endEmitter(id);
    onEnd();
  };
  return (
    <Dialog title={`End ${id}?`} onClose={onClose}>
      <p>Its guest stops and nothing can be appended any more. Its events remain readable.</p>
      <ErrorMessage text={work.failure} />
      <div class="buttons">
        <button type="button" autofocus onClick={onClose}>
          Keep it
        </button>
        <WorkButton work={work} class="danger" onPress={end}>
          End it
        </WorkButton>
      </div>
    </Dialog>
  );
}

function About({
  details: { source, rate, created_at, ended_at, events, node },
}: {
  readonly details: EmitterDetails;
}) {
  const what = source === "guest" ? `Guest, ${renderRate(rate)}` : "External";
  const age = `${ended_at === undefined ? "created" : "ended"} ${renderAge(ended_at ?? created_at, gatewayNow())} ago`;
  return (
    <>
      {what} · {age} · {renderCount(events)} events so far
      {node !== undefined && (
        <>
          {" · "}runs on <a href={hrefTo(`/nodes/${segment(node)}`)}>node {node.slice(0, 8)}</a>
        </>
      )}
    </>
  );
}

function Nothing({ id, isOver }: { readonly id: string; readonly isOver: boolean }) {
  const { endedAt } = useSession();
  const me = useMe();
  if (isOver || endedAt !== undefined) return <p>Nothing to show.</p>;
  if (!may(me, "append", `emitter:${id}`)) return <p>No events yet.</p>;
  return (
    <>
      <p>No events yet. Append one:</p>
      <Command text={appendCommand(id, me?.closed === true)} />
    </>
  );
}
