/** Found messages as rows, for mouse and keyboard: arrows move, Enter opens. */

import { useState } from "preact/hooks";
import { SafeText } from "../../kit/safe-text.tsx";
import { Age, Time } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { hrefTo } from "../../shell/place.ts";
import type { Lifecycle } from "./api.ts";
import type { MessageList } from "./message-list.ts";
import { StateWord } from "./state-word.tsx";

/** As `--message-row` of the style sheet. */
const rowHeight = 52;

export function MessageRows({
  list: { rows, loadMore, onRange },
  onOpen,
}: {
  readonly list: MessageList;
  readonly onOpen: (lifecycle: Lifecycle) => void;
}) {
  const [active, setActive] = useState(-1);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setActive(Math.max(0, Math.min(rows.length - 1, active + step)));
    }
    const chosen = rows[active];
    const isOnList = event.target === event.currentTarget;
    if (event.key === "Enter" && chosen !== undefined && isOnList) onOpen(chosen);
  };
  const chosen = rows[active];
  return (
    <>
      <VirtualList
        class="message-rows"
        count={rows.length}
        rowHeight={rowHeight}
        label="Messages. Arrow keys move, Enter opens."
        visible={active}
        onEnd={loadMore}
        onRange={onRange}
        onKeyDown={onKeyDown}
        row={(index) => {
          const one = rows[index];
          return one && <MessageRow lifecycle={one} isActive={index === active} />;
        }}
      />
      <p class="for-readers" aria-live="polite">
        {chosen !== undefined && `${chosen.message_id.slice(0, 100)}, ${chosen.state}`}
      </p>
    </>
  );
}

function MessageRow({
  lifecycle,
  isActive,
}: {
  readonly lifecycle: Lifecycle;
  readonly isActive: boolean;
}) {
  const {
    app_id: app,
    message_id: id,
    external_id: externalId,
    state,
    events,
    missing,
  } = lifecycle;
  const [first] = events;
  const repeats = events.reduce((sum, { count }) => sum + count - 1, 0);
  return (
    <div key={`${id}\n${app}`} class={`message-row ${isActive ? "active" : ""}`} role="listitem">
      <span class="message-id">
        <a href={hrefTo("/messages/one", { app, id })}>
          <SafeText text={id} max={120} />
        </a>
        <span class="about">
          <SafeText text={app} max={60} />
          {externalId !== undefined && (
            <>
              {" · "}
              <SafeText text={externalId} max={60} />
            </>
          )}
        </span>
      </span>
      <StateWord state={state} />
      <span class="message-what">
        <span>
          {events.length} seen{repeats > 0 && `, ${repeats} repeated`}
        </span>
        {missing.length > 0 && (
          <span class="missing">
            lacks <SafeText text={missing.slice(0, 5).join(", ")} max={120} />
            {missing.length > 5 && ` and ${missing.length - 5} more`}
          </span>
        )}
      </span>
      <span class="message-time about">
        {first !== undefined && (
          <>
            <Time of={first.first_at} />
            <span>
              <Age of={first.first_at} /> ago
            </span>
          </>
        )}
      </span>
    </div>
  );
}
