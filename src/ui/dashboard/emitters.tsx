/** The list of emitters, and the form that creates one. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../error-message.tsx";
import { renderAge } from "../format.ts";
import { CreateForm } from "./create-form.tsx";
import { useEmitters } from "./emitter-list.ts";
import type { EmitterInfo } from "./gateway.ts";
import { targetHash } from "./target.ts";

export function Emitters({
  selected,
  changes,
}: {
  readonly selected: string | undefined;
  readonly changes: number;
}) {
  const [ended, setEnded] = useState(false);
  const [filter, setFilter] = useState("");
  const [creating, setCreating] = useState(false);
  const { emitters, isLoaded, failure, loadMore, refresh } = useEmitters(ended, changes);
  const found = emitters.filter(({ id }) => id.toLowerCase().includes(filter.toLowerCase()));

  return (
    <section aria-labelledby="emitters-title">
      <div class="list-head">
        <h2 id="emitters-title">Emitters</h2>
        <button
          type="button"
          class={creating ? "" : "primary"}
          aria-expanded={creating}
          onClick={() => setCreating(!creating)}
        >
          {creating ? "Cancel" : "New emitter"}
        </button>
      </div>
      {creating && (
        <CreateForm
          onCreate={({ id }) => {
            setCreating(false);
            refresh();
            openEmitter(id);
          }}
        />
      )}
      <Filter text={filter} setText={setFilter} ended={ended} setEnded={setEnded} />
      <ErrorMessage text={failure} />
      <ul class="list">
        {found.map((emitter) => (
          <EmitterRow key={emitter.id} emitter={emitter} selected={emitter.id === selected} />
        ))}
      </ul>
      {isLoaded && found.length === 0 && (
        <p class="empty">{emitters.length === 0 ? "No emitters yet." : "No loaded id matches."}</p>
      )}
      {loadMore !== undefined && (
        <button type="button" class="more" onClick={loadMore}>
          Load more
        </button>
      )}
    </section>
  );
}

function openEmitter(id: string): void {
  location.hash = targetHash({ kind: "emitter", name: id });
}

function Filter({
  text,
  setText,
  ended,
  setEnded,
}: {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly ended: boolean;
  readonly setEnded: (ended: boolean) => void;
}) {
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault();
        if (text !== "") openEmitter(text);
      }}
    >
      <input
        type="search"
        aria-label="Find an emitter"
        placeholder="Find by id"
        title="Enter opens the emitter of this id"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={ended}
          onChange={(event) => setEnded(event.currentTarget.checked)}
        />
        Ended
      </label>
    </form>
  );
}

function EmitterRow({
  emitter,
  selected,
}: {
  readonly emitter: EmitterInfo;
  readonly selected: boolean;
}) {
  const { id, source, rate, created_at, ended_at } = emitter;
  const about = source === "guest" ? `guest, ${rate}/s` : "external";
  return (
    <li class={ended_at === undefined ? "" : "over"}>
      <a
        href={targetHash({ kind: "emitter", name: id })}
        {...(selected ? { "aria-current": "true" } : {})}
      >
        <span class="name">{id}</span>
        <span class="about">
          {ended_at === undefined ? about : "ended"} ·{" "}
          {renderAge(ended_at ?? created_at, Date.now())}
        </span>
      </a>
    </li>
  );
}
