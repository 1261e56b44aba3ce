/** "Watch live": streams and sockets, which try-it cannot show because they do not end. */

import { useState } from "preact/hooks";
import { Badge } from "../badge.tsx";
import { renderRate } from "../dashboard/kit/rate-text.ts";
import { ErrorMessage } from "../error-message.tsx";
import { EventList } from "../event-list.tsx";
import { request } from "../http.ts";
import { useWork, WorkButton } from "../work.tsx";
import { SendForm } from "./send-form.tsx";
import { type SourceName, sources } from "./source.ts";
import { WatchButtons } from "./watch-buttons.tsx";
import { useWatched } from "./watched.ts";

export function WatchPanel() {
  const [name, setName] = useState<SourceName>("/magic");
  const [emitter, setEmitter] = useState("web-1");
  const [text, setText] = useState("");
  const creating = useWork();
  const watched = useWatched();
  const { view } = watched;
  const { socket, byEmitter, hint } = sources[name];

  const start = (id = emitter) => watched.start(name, id);
  const chooseEmitter = (id: string) => {
    setEmitter(id);
    setText(sources[name].example(id));
  };
  const chooseSource = (chosen: SourceName) => {
    setName(chosen);
    setText(sources[chosen].example(emitter));
    watched.clear();
  };
  const createEmitter = async () => {
    const { id } = await request<{ readonly id: string }>("/log", { method: "PUT" });
    chooseEmitter(id);
    if (!socket) start(id);
  };

  return (
    <section class="watch" aria-labelledby="watch-title">
      <div class="watch-head">
        <h2 id="watch-title">Watch live</h2>
        <p>Streams and sockets, event by event. Every other call has “Execute” below.</p>
      </div>
      <div class="watch-controls">
        <SourceSelect name={name} choose={chooseSource} />
        {byEmitter && (
          <>
            <label class="id">
              <span>Emitter</span>
              <input
                value={emitter}
                spellcheck={false}
                onInput={(event) => chooseEmitter(event.currentTarget.value)}
              />
            </label>
            <WorkButton work={creating} onPress={createEmitter}>
              Create a new one
            </WorkButton>
          </>
        )}
        <WatchButtons watched={watched} canPause={!socket} start={() => start()} />
      </div>
      {socket && (
        <SendForm
          text={text}
          setText={setText}
          canSend={view.state === "live"}
          send={watched.send}
        />
      )}
      <ErrorMessage text={view.state === "live" ? undefined : (creating.failure ?? view.why)} />
      <EventList key={name} events={view.events} label={`Events of ${name}`} follow empty={hint} />
      <p class="watch-foot">
        <Badge state={view.state} />
        <span class="rate">{renderRate(view.perSecond)}</span>
        <span>
          Position{" "}
          <code>{view.position ?? (byEmitter ? "none yet" : "none: nothing is stored")}</code>
        </span>
      </p>
    </section>
  );
}

function SourceSelect({
  name,
  choose,
}: {
  readonly name: SourceName;
  readonly choose: (name: SourceName) => void;
}) {
  return (
    <label class="what">
      <span>Address</span>
      <select value={name} onChange={(event) => choose(event.currentTarget.value as SourceName)}>
        {Object.entries(sources).map(([value, { label }]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
