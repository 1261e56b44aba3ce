/** "Watch live": streams and sockets, which try-it cannot show because they do not end. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Badge } from "../badge.tsx";
import { EventList } from "../event-list.tsx";
import { renderRate } from "../format.ts";
import { ask, messageOf } from "../http.ts";
import { notYet } from "../live.ts";
import { openSource, sources, type SourceName } from "./source.ts";
import type { Source, SourceView } from "./source-view.ts";

export function WatchPanel() {
  const [name, setName] = useState<SourceName>("/magic");
  const [emitter, setEmitter] = useState("web-1");
  const [text, setText] = useState("");
  const [view, setView] = useState<SourceView>({ ...notYet, state: "closed" });
  const [failure, setFailure] = useState<string>();
  const source = useRef<Source | undefined>(undefined);
  const { socket, byEmitter, hint } = sources[name];
  useEffect(() => () => source.current?.close(), []);

  const close = () => {
    source.current?.close();
    source.current = undefined;
  };
  const start = (id = emitter) => {
    close();
    setFailure(undefined);
    setView(notYet);
    source.current = openSource(name, id, setView);
  };
  const choose = (chosen: SourceName) => {
    close();
    setName(chosen);
    setText(sources[chosen].example(emitter));
    setFailure(undefined);
    setView({ ...notYet, state: "closed" });
  };
  const make = async () => {
    try {
      const { id } = await ask<{ readonly id: string }>("/log", { method: "PUT" });
      setEmitter(id);
      setText(sources[name].example(id));
      if (!socket) start(id);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  const open = view.state !== "closed" && view.state !== "ended" && view.state !== "refused";
  const complaint = failure ?? (view.state === "live" ? undefined : view.why);

  return (
    <section class="watch" aria-labelledby="watch-title">
      <div class="watch-head">
        <h2 id="watch-title">Watch live</h2>
        <p>Streams and sockets, as they come. Every other call has “Execute” below.</p>
      </div>
      <div class="watch-controls">
        <label class="what">
          <span>Address</span>
          <select
            value={name}
            onChange={(event) => choose(event.currentTarget.value as SourceName)}
          >
            {Object.entries(sources).map(([value, { label }]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {byEmitter && (
          <label class="id">
            <span>Emitter</span>
            <input
              value={emitter}
              spellcheck={false}
              onInput={(event) => {
                setEmitter(event.currentTarget.value);
                setText(sources[name].example(event.currentTarget.value));
              }}
            />
          </label>
        )}
        {byEmitter && (
          <button type="button" onClick={() => void make()}>
            Make a new one
          </button>
        )}
        <span class="buttons">
          {open ? (
            <button
              type="button"
              onClick={() => {
                close();
                setView({ ...view, state: "closed", why: undefined });
              }}
            >
              Stop
            </button>
          ) : (
            <button type="button" class="primary" onClick={() => start()}>
              Watch
            </button>
          )}
          {!socket && (
            <button
              type="button"
              disabled={!open}
              onClick={() =>
                view.state === "paused" ? source.current?.resume() : source.current?.pause()
              }
            >
              {view.state === "paused" ? "Resume" : "Pause"}
            </button>
          )}
          <button type="button" disabled={!open} onClick={() => source.current?.reconnect()}>
            Reconnect
          </button>
        </span>
      </div>
      {socket && (
        <form
          class="watch-send"
          onSubmit={(event) => {
            event.preventDefault();
            source.current?.send(text);
          }}
        >
          <input
            aria-label="Message to send"
            value={text}
            spellcheck={false}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" disabled={view.state !== "live"}>
            Send
          </button>
        </form>
      )}
      {complaint !== undefined && complaint !== "" && (
        <p class="failure" role="alert">
          {complaint}
        </p>
      )}
      <EventList key={name} events={view.events} label={`Events of ${name}`} follow empty={hint} />
      <p class="watch-foot">
        <Badge state={view.state} />
        <span class="rate">{renderRate(view.perSecond)} events/s</span>
        <span>
          Position{" "}
          <code>{view.position ?? (byEmitter ? "none yet" : "none: nothing is kept")}</code>
        </span>
      </p>
    </section>
  );
}
