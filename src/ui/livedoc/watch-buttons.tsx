/** Watch or stop, pause or resume, reconnect. */

import type { Watched } from "./watched.ts";

export function WatchButtons({
  watched,
  canPause,
  start,
}: {
  readonly watched: Watched;
  readonly canPause: boolean;
  readonly start: () => void;
}) {
  const { view, isOpen, stop, togglePause, reconnect } = watched;
  return (
    <span class="buttons">
      {isOpen ? (
        <button type="button" onClick={stop}>
          Stop
        </button>
      ) : (
        <button type="button" class="primary" onClick={start}>
          Watch
        </button>
      )}
      {canPause && (
        <button type="button" disabled={!isOpen} onClick={togglePause}>
          {view.state === "paused" ? "Resume" : "Pause"}
        </button>
      )}
      <button type="button" disabled={!isOpen} onClick={reconnect}>
        Reconnect
      </button>
    </span>
  );
}
