/** The events of a message, newest first, in a list of any length. */

import { useMemo, useState } from "preact/hooks";
import { Badge } from "../../../badge.tsx";
import { renderCount } from "../../../format.ts";
import { closesOnEscape } from "../../kit/close-keys.ts";
import { JsonTree } from "../../kit/json-tree.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { setQuery, useQueryText } from "../../shell/place.ts";
import { type Entry, type Line, type MessageEvent, runsOf } from "./events.ts";
import type { MessageEvents } from "./use-message-events.ts";

const rowHeight = 30;
/** With fewer rows the end of the list is always on the screen. */
const onePage = 50;

type Shown =
  | { readonly kind: "line"; readonly line: Line }
  | { readonly kind: "event"; readonly event: MessageEvent };

export function EventRows({
  events: { entries, state, failure, isSearching, hasOlder, loadOlder },
  appId,
}: {
  readonly events: MessageEvents;
  /** Only this app's events; undefined: all. */
  readonly appId: string | undefined;
}) {
  const [name] = useQueryText("event");
  const [selected] = useQueryText("sel");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const mine = useMemo(
    () => entries.filter((entry) => isShown(entry, appId, name)),
    [entries, appId, name],
  );
  const rows = useMemo(() => shownOf(runsOf(mine), opened), [mine, opened]);
  const event = mine.find((entry) => entry.position === selected);
  const toggle = (position: string) => {
    const next = new Set(opened);
    if (!next.delete(position)) next.add(position);
    setOpened(next);
  };
  const link = { loading: "connecting", live: "live", refused: "refused" } as const;
  return (
    <section class="message-events" aria-label="Events">
      <div class="events-head">
        <h2>Events</h2>
        <Badge state={link[state]} title={failure} />
        <p class="about">
          {renderCount(mine.length)} shown, newest first
          {name !== "" && (
            <>
              , only <SafeText text={name} max={60} />{" "}
              <button type="button" onClick={() => setQuery({ event: undefined })}>
                Show all
              </button>
            </>
          )}
        </p>
      </div>
      {failure !== undefined && <p class="failure">{failure}</p>}
      <VirtualList
        class="event-rows"
        count={rows.length}
        rowHeight={rowHeight}
        label="Events, newest first"
        onEnd={() => {
          const isIdle = hasOlder && !isSearching && failure === undefined;
          if (isIdle && rows.length >= onePage) loadOlder();
        }}
        row={(index) => {
          const row = rows[index];
          if (row === undefined) return null;
          return <EventRow row={row} opened={opened} selected={selected} onToggle={toggle} />;
        }}
      />
      {hasOlder && (
        <p class="about" role="status">
          {isSearching ? (
            "Older events of this message are looked for…"
          ) : (
            <>
              More of its events are further back than was searched.{" "}
              <button type="button" onClick={loadOlder}>
                Search further back
              </button>
            </>
          )}
        </p>
      )}
      {event !== undefined && "text" in event && (
        <div class="card" onKeyDown={closesOnEscape(() => setQuery({ sel: undefined }))}>
          <p class="about">
            As it was sent, at position <code>{event.position}</code>{" "}
            <button type="button" onClick={() => setQuery({ sel: undefined })}>
              Close
            </button>
          </p>
          <JsonTree text={event.text} />
        </div>
      )}
    </section>
  );
}

function isShown(entry: Entry, appId: string | undefined, name: string): boolean {
  if ("gap" in entry) return true;
  return (appId === undefined || entry.appId === appId) && (name === "" || entry.event === name);
}

function shownOf(lines: readonly Line[], opened: ReadonlySet<string>): readonly Shown[] {
  return lines.flatMap((line): Shown[] => {
    const own: Shown = { kind: "line", line };
    if ("gap" in line || !opened.has(runKey(line))) return [own];
    return [own, ...line.events.map((event): Shown => ({ kind: "event", event }))];
  });
}

/** Its oldest stays where new ones come. */
function runKey(run: Exclude<Line, { readonly gap: string }>): string {
  return run.events.at(-1)?.position ?? run.position;
}

function EventRow({
  row,
  opened,
  selected,
  onToggle,
}: {
  readonly row: Shown;
  readonly opened: ReadonlySet<string>;
  readonly selected: string;
  readonly onToggle: (position: string) => void;
}) {
  if (row.kind === "event") return <OneEvent event={row.event} selected={selected} isInner />;
  const { line } = row;
  if ("gap" in line) {
    return (
      <div key={line.position} class="event-row gap" role="listitem">
        Events are missing here: <SafeText text={line.gap} max={200} />
      </div>
    );
  }
  const [newest] = line.events;
  const oldest = line.events.at(-1);
  if (newest === undefined || oldest === undefined) return null;
  if (line.events.length === 1) return <OneEvent event={newest} selected={selected} />;
  const key = runKey(line);
  return (
    <div key={key} class="event-row" role="listitem">
      <button type="button" aria-expanded={opened.has(key)} onClick={() => onToggle(key)}>
        <SafeText text={line.name} max={80} /> × {renderCount(line.events.length)}
      </button>
      <span class="event-time">
        {oldest.time !== undefined && <Time of={oldest.time} show="clock" />} to{" "}
        {newest.time !== undefined && <Time of={newest.time} show="clock" />}
      </span>
    </div>
  );
}

function OneEvent({
  event,
  selected,
  isInner = false,
}: {
  readonly event: MessageEvent;
  readonly selected: string;
  readonly isInner?: boolean;
}) {
  const isSelected = selected === event.position;
  return (
    <div key={event.position} class={`event-row ${isInner ? "inner" : ""}`} role="listitem">
      <button
        type="button"
        aria-expanded={isSelected}
        onClick={() => setQuery({ sel: isSelected ? undefined : event.position })}
      >
        <SafeText text={event.event} max={80} />
      </button>
      <span class="event-time">
        {event.time !== undefined && <Time of={event.time} />}
        {event.received !== undefined && (
          <span class="received">
            {" "}
            received <Time of={event.received} show="clock" />
          </span>
        )}
      </span>
    </div>
  );
}
