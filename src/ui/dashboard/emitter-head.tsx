/** The selected stream: its name, its details, the command that watches it, and its end. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../error-message.tsx";
import { renderAge, renderCount } from "../format.ts";
import { messageOf } from "../http.ts";
import { gatewayUrl } from "../root.ts";
import { endEmitter, readEmitter } from "./gateway.ts";
import { usePolled } from "./poll.ts";
import type { Target } from "./target.ts";

const detailsMs = 5000;

type Details = Awaited<ReturnType<typeof readEmitter>>;

export function EmitterHead({
  target,
  over,
  onEnd,
}: {
  readonly target: Target;
  /** The stream has ended. */
  readonly over: boolean;
  readonly onEnd: () => void;
}) {
  const [failure, setFailure] = useState<string>();
  const dialog = useRef<HTMLDialogElement>(null);
  const { kind, name } = target;
  const { answer: details, refresh } = usePolled(
    useCallback(
      async () => (kind === "emitter" ? await readEmitter(name) : undefined),
      [kind, name],
    ),
    detailsMs,
  );
  useEffect(() => {
    if (over) refresh();
  }, [over, refresh]);

  const end = async () => {
    try {
      await endEmitter(name);
      dialog.current?.close();
      refresh();
      onEnd();
    } catch (error) {
      setFailure(messageOf(error));
    }
  };

  return (
    <div class="head">
      <a class="back" href="#" aria-label="Back to the list">
        ←
      </a>
      <div class="title">
        <h1>{name}</h1>
        <p class="about">{about(kind, details)}</p>
      </div>
      {kind === "emitter" && details !== undefined && details.ended_at === undefined && (
        <button type="button" class="danger" onClick={() => dialog.current?.showModal()}>
          End…
        </button>
      )}
      <p class="curl">
        <code>{`curl -N ${gatewayUrl(target.stream).href}`}</code>
      </p>
      <dialog ref={dialog} aria-labelledby="end-title">
        <h2 id="end-title">End {name}?</h2>
        <p>Its guest stops and nothing can be appended any more. Its events remain readable.</p>
        <ErrorMessage text={failure} />
        <div class="buttons">
          <button type="button" autofocus onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="danger" onClick={() => void end()}>
            End it
          </button>
        </div>
      </dialog>
    </div>
  );
}

function about(kind: Target["kind"], details: Details | undefined): string {
  if (kind === "topic") return "Topic";
  if (details === undefined) return "Emitter";
  const { source, rate, created_at, ended_at, events } = details;
  const what = source === "guest" ? `Guest, ${rate} events/s` : "External";
  const age =
    ended_at === undefined
      ? `created ${renderAge(created_at, Date.now())} ago`
      : `ended ${renderAge(ended_at, Date.now())} ago`;
  return `${what} · ${age} · ${renderCount(events)} events so far`;
}
