/** The list of emitters, and the form that makes one. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { renderAge } from "../format.ts";
import { messageOf } from "../http.ts";
import { CreateForm } from "./create-form.tsx";
import { listEmitters, type EmitterInfo, type EmitterList } from "./gateway.ts";
import { usePolled } from "./poll.ts";
import { targetHash } from "./target.ts";

const listMs = 5000;

export function Emitters({
  selected,
  changes,
}: {
  readonly selected: string | undefined;
  readonly changes: number;
}) {
  const [ended, setEnded] = useState(false);
  const [filter, setFilter] = useState("");
  const [making, setMaking] = useState(false);
  const first = usePolled(
    useCallback(() => listEmitters(undefined, ended), [ended]),
    listMs,
  );
  const [more, setMore] = useState<EmitterList>();
  const [failure, setFailure] = useState<string>();
  const { again } = first;
  useEffect(() => {
    if (changes > 0) again();
  }, [changes, again]);
  useEffect(() => setMore(undefined), [ended]);

  const next = more === undefined ? (first.answer?.next ?? null) : more.next;
  const loadMore = () => {
    listEmitters(next ?? undefined, ended).then(
      (found) =>
        setMore({ emitters: [...(more?.emitters ?? []), ...found.emitters], next: found.next }),
      (error: unknown) => setFailure(messageOf(error)),
    );
  };
  const known = byId([...(first.answer?.emitters ?? []), ...(more?.emitters ?? [])]);
  const shown = known.filter(({ id }) => id.toLowerCase().includes(filter.toLowerCase()));
  const complaint = first.failure ?? failure;

  return (
    <section aria-labelledby="emitters-title">
      <div class="list-head">
        <h2 id="emitters-title">Emitters</h2>
        <button
          type="button"
          class={making ? "" : "primary"}
          aria-expanded={making}
          onClick={() => setMaking(!making)}
        >
          {making ? "Cancel" : "New emitter"}
        </button>
      </div>
      {making && (
        <CreateForm
          created={(emitter) => {
            setMaking(false);
            again();
            location.hash = targetHash({ kind: "emitter", name: emitter.id });
          }}
        />
      )}
      <form
        class="filter"
        onSubmit={(event) => {
          event.preventDefault();
          if (filter !== "") location.hash = targetHash({ kind: "emitter", name: filter });
        }}
      >
        <input
          type="search"
          aria-label="Find an emitter"
          placeholder="Find by id"
          title="Enter opens the emitter of this id"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
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
      {complaint !== undefined && (
        <p class="failure" role="alert">
          {complaint}
        </p>
      )}
      <ul class="list">
        {shown.map((emitter) => (
          <EmitterRow key={emitter.id} emitter={emitter} selected={emitter.id === selected} />
        ))}
      </ul>
      {first.answer !== undefined && shown.length === 0 && (
        <p class="empty">
          {known.length === 0 ? "There are none yet." : "None of those loaded fits."}
        </p>
      )}
      {next !== null && (
        <button type="button" class="more" onClick={loadMore}>
          Load more
        </button>
      )}
    </section>
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

function byId(emitters: readonly EmitterInfo[]): EmitterInfo[] {
  return [...new Map(emitters.map((emitter) => [emitter.id, emitter])).values()];
}
