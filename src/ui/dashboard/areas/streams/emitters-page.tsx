/** The emitters by id, and the form that creates one. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { gatewayUrl } from "../../../root.ts";
import { Empty } from "../../kit/empty.tsx";
import { renderRate } from "../../kit/rate-text.ts";
import { Age } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { go, hrefTo, segment, useQueryText } from "../../shell/place.ts";
import { may, mayAny, useMe } from "../../shell/session.ts";
import { CreateForm } from "./create-form.tsx";
import { type EmitterInfo, useEmitters } from "./emitters.ts";

/** As `.emitter` in streams.css. */
const rowHeight = 34;

export function Page() {
  const [q, setQ] = useQueryText("q");
  const [ended, setEnded] = useQueryText("ended");
  const [isCreating, setIsCreating] = useState(false);
  const me = useMe();
  const { items, failure, more, onRange } = useEmitters(q, ended === "1");
  const emitters = items ?? [];
  const mayCreate = mayAny(me, "emitter", "manage");

  return (
    <div class="page emitters">
      <div class="page-head">
        <h1>Emitters</h1>
        {mayCreate ? (
          <button
            type="button"
            class={isCreating ? "" : "primary"}
            aria-expanded={isCreating}
            onClick={() => setIsCreating(!isCreating)}
          >
            {isCreating ? "Cancel" : "Create an emitter"}
          </button>
        ) : (
          <span class="about">read only</span>
        )}
      </div>
      {isCreating && <CreateForm onCreate={({ id }) => openEmitter(id)} />}
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          if (emitters.some(({ id }) => id === q)) openEmitter(q);
        }}
      >
        <label>
          Part of the id
          <input
            type="search"
            value={q}
            spellcheck={false}
            onInput={(event) => setQ(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={ended === "1"}
            onChange={(event) => setEnded(event.currentTarget.checked ? "1" : "")}
          />
          Ended as well
        </label>
      </form>
      <ErrorMessage text={failure} />
      {items?.length === 0 ? (
        <Nothing
          q={q}
          hasEnded={ended === "1"}
          mayCreate={mayCreate}
          mayAppend={may(me, "append", "emitter:web-1")}
        />
      ) : (
        <VirtualList
          count={emitters.length}
          rowHeight={rowHeight}
          label="Emitters"
          class="emitter-list"
          row={(index) => {
            const emitter = emitters[index];
            return emitter === undefined ? null : <Row key={emitter.id} emitter={emitter} />;
          }}
          onEnd={more}
          onRange={onRange}
        />
      )}
    </div>
  );
}

function openEmitter(id: string): void {
  go(`/emitters/${segment(id)}`);
}

function Row({
  emitter: { id, source, rate, created_at, ended_at },
}: {
  readonly emitter: EmitterInfo;
}) {
  return (
    <div class={ended_at === undefined ? "emitter" : "emitter over"} role="listitem">
      <a href={hrefTo(`/emitters/${segment(id)}`)}>{id}</a>
      <span class="about">{source === "guest" ? `guest, ${renderRate(rate)}` : "external"}</span>
      <span class="about">
        {ended_at === undefined ? "created" : "ended"} <Age of={ended_at ?? created_at} /> ago
      </span>
    </div>
  );
}

function Nothing({
  q,
  hasEnded,
  mayCreate,
  mayAppend,
}: {
  readonly q: string;
  /** Whether those that have ended are among what was searched. */
  readonly hasEnded: boolean;
  readonly mayCreate: boolean;
  readonly mayAppend: boolean;
}) {
  if (q !== "") {
    return (
      <Empty title="No id contains this text">
        <p>
          All emitters were searched{mayCreate ? "" : " that you may read"}
          {hasEnded ? "" : ", but for those that have ended"}.
        </p>
      </Empty>
    );
  }
  const command = `curl -X PUT ${gatewayUrl("/log/web-1").href} -d '{"source":"external"}'`;
  return (
    <Empty title="No emitters yet" {...(mayCreate && mayAppend ? { command } : {})}>
      <p>
        An emitter is something with a stream of events, such as a service with its log. A guest is
        one whose events Sluice simulates. “Create an emitter” creates either.
      </p>
      {!hasEnded && <p>Those that have ended are listed with “Ended as well”.</p>}
    </Empty>
  );
}
