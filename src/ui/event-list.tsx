/** Events as a log: the newest last, scrolled along while the reader is at the end. */

import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ShownEvent } from "./event.ts";
import { parseJson, printJson } from "./exact-json.ts";

/** Closer than this counts as being at the end. */
const atEndPx = 40;

export function EventList({
  events,
  label,
  follow,
  empty,
}: {
  readonly events: readonly ShownEvent[];
  readonly label: string;
  /** Whether newer events come at the end. */
  readonly follow: boolean;
  readonly empty: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const last = events.at(-1)?.id;

  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && atEnd) element.scrollTop = element.scrollHeight;
  }, [last, atEnd, follow]);

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    setAtEnd(element.scrollHeight - element.scrollTop - element.clientHeight < atEndPx);
  };

  return (
    <div class="event-list">
      <div
        class="event-scroll"
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-label={label}
        aria-live="off"
        tabIndex={0}
      >
        {events.length === 0 ? (
          <div class="empty">{empty}</div>
        ) : (
          events.map((event) => <EventRow key={event.id} event={event} />)
        )}
      </div>
      {follow && !atEnd && events.length > 0 && (
        <button type="button" class="to-end" onClick={() => setAtEnd(true)}>
          ↓ Newest
        </button>
      )}
    </div>
  );
}

const EventRow = memo(function EventRow({ event }: { readonly event: ShownEvent }) {
  const [open, setOpen] = useState(false);
  const { kind, level, time, from, text, position, data } = event;
  if (kind === "note") {
    return (
      <div class="event note">
        <span class="time">{time}</span>
        <span class="text">{text}</span>
      </div>
    );
  }
  return (
    <details
      class={`event ${kind} ${level ?? ""}`}
      onToggle={(toggled) => setOpen(toggled.currentTarget.open)}
    >
      <summary>
        <span class="time">{time}</span>
        {level !== undefined && <span class="level">{level}</span>}
        {kind === "sent" && <span class="level">sent</span>}
        <span class="text">
          {from !== undefined && <span class="from">{from} </span>}
          {text}
        </span>
        {position !== undefined && (
          <span class="position" title="Position">
            {position}
          </span>
        )}
      </summary>
      {open && <pre>{pretty(data)}</pre>}
    </details>
  );
});

function pretty(data: string): string {
  try {
    return printJson(parseJson(data), 2);
  } catch {
    // Anything but JSON is shown as it is.
    return data;
  }
}
