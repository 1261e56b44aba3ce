/** One stream: its state, its numbers, its events, and the one that was opened. */

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Badge } from "../../../badge.tsx";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { Sparkline } from "../../../sparkline.tsx";
import { offWhile } from "../../../work.tsx";
import { renderRate } from "../../kit/rate-text.ts";
import { Time } from "../../kit/time.tsx";
import { Lines } from "./lines.tsx";
import { Opened } from "./opened.tsx";
import { type Line, linesMax, type TailView } from "./tail.ts";
import type { ShownTail } from "./use-tail.ts";

export function TailPane({
  tail,
  label,
  showKeys,
  loadWhole,
  empty,
  children,
}: {
  readonly tail: ShownTail;
  readonly label: string;
  readonly showKeys: boolean;
  readonly loadWhole?: ((line: Line) => Promise<string>) | undefined;
  readonly empty: ComponentChildren;
  /** More buttons. */
  readonly children?: ComponentChildren;
}) {
  const { view, badge, togglePause, endedAt } = tail;
  const [opened, setOpened] = useState<Line>();
  const sparkline = useMemo(() => <Sparkline counts={view.lastMinute} />, [view.lastMinute]);
  const isPaused = view.state === "paused";
  return (
    <>
      <div class="controls" role="group" aria-label={`Stream of ${label}`}>
        <Badge state={badge} title={view.why} />
        <button type="button" {...offWhile(togglePause === undefined, togglePause)}>
          {isPaused ? "Resume" : "Pause"}
        </button>
        <span class="rate">
          <strong>{renderRate(view.perSecond)}</strong>
        </span>
        {sparkline}
        {children}
      </div>
      {endedAt !== undefined && badge === "out" && (
        <p class="notice" role="status">
          Signed out at <Time of={new Date(endedAt).toISOString()} />, at position{" "}
          <code>{view.position ?? "none yet"}</code>.
        </p>
      )}
      <ErrorMessage text={view.why} />
      <Lines
        lines={view.lines}
        label={`Events of ${label}`}
        follow
        showKeys={showKeys}
        selected={opened?.id}
        onSelect={setOpened}
        empty={empty}
      />
      {opened !== undefined && (
        <Opened line={opened} loadWhole={loadWhole} onClose={() => setOpened(undefined)} />
      )}
      <Numbers view={view} />
    </>
  );
}

function Numbers({ view }: { readonly view: TailView }) {
  const { received, scrolledOut, gaps, passed, position } = view;
  return (
    <p class="foot">
      <span>{renderCount(received)} received</span>
      {scrolledOut > 0 && (
        <span>
          {renderCount(scrolledOut)} before the newest {renderCount(linesMax)}
        </span>
      )}
      {passed.count > 0 && <span>{renderCount(passed.count)} passed over by the filter</span>}
      {passed.undecodable > 0 && (
        <span>{renderCount(passed.undecodable)} could not be decoded</span>
      )}
      {passed.failed > 0 && (
        <span>
          {renderCount(passed.failed)} without an answer ({passed.failure})
        </span>
      )}
      <span class={gaps > 0 ? "gaps" : ""}>{gaps === 1 ? "1 gap" : `${gaps} gaps`}</span>
      <span>
        position <code>{position ?? "none yet"}</code>
      </span>
    </p>
  );
}
