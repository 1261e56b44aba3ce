/** One id of a rule, which the address names: where it was seen, and where not. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { closesOnEscape } from "../../kit/close-keys.ts";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import { useQueryText } from "../../shell/place.ts";
import { type IdState, listIds, placesOf, type Rule } from "./api.ts";
import { renderMs } from "./words.ts";

const everyMs = 2000;

export function IdPanel({ rule }: { readonly rule: Rule }) {
  const [sel, setSel] = useQueryText("sel");
  const [draft, setDraft] = useState<string>();
  return (
    <>
      <form
        class="filters"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (draft !== undefined) setSel(draft);
        }}
      >
        <label>
          <span>Find an id</span>
          <input
            type="search"
            spellcheck={false}
            maxLength={512}
            value={draft ?? sel}
            onInput={(event) => setDraft(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Show it</button>
      </form>
      {sel !== "" && (
        <OneId
          key={sel}
          rule={rule}
          id={sel}
          onClose={() => {
            setDraft(undefined);
            setSel("");
          }}
        />
      )}
    </>
  );
}

function OneId({
  rule,
  id,
  onClose,
}: {
  readonly rule: Rule;
  readonly id: string;
  readonly onClose: () => void;
}) {
  const send = useCallback(async () => (await listIds(rule.name, { id })).items, [rule.name, id]);
  const { answer, failure } = usePolled(send, everyMs);
  const known = answer?.[0];
  return (
    <section class="card one-id" aria-label="One id" onKeyDown={closesOnEscape(onClose)}>
      <div class="page-head">
        <h2>
          <SafeText text={id} max={120} />
        </h2>
        {known !== undefined && <State known={known} />}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      <ErrorMessage text={failure} />
      {answer !== undefined && known === undefined && (
        <p class="about">
          The rule has not seen this id, or no longer keeps it: it remembers one for{" "}
          {renderMs(rule.keep_ms)}.
        </p>
      )}
      {known !== undefined && <Sightings rule={rule} known={known} />}
    </section>
  );
}

function State({ known }: { readonly known: IdState }) {
  const looks = { complete: "live", open: "waiting", overdue: "refused", unseen: "" } as const;
  return (
    <span class={`badge ${looks[known.state]}`} role="status">
      {known.state}
    </span>
  );
}

function Sightings({ rule, known }: { readonly rule: Rule; readonly known: IdState }) {
  const first = Math.min(...Object.values(known.seen).map((time) => Date.parse(time)));
  return (
    <>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Where it was seen">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{rule.topics === undefined ? "Event" : "Topic"}</th>
              <th scope="col">First seen</th>
              <th scope="col" class="number">
                After the first
              </th>
            </tr>
          </thead>
          <tbody>
            {placesOf(rule).map((place) => {
              const time = known.seen[place];
              return (
                <tr key={place}>
                  <td>
                    <SafeText text={place} />
                  </td>
                  <td>{time === undefined ? <Absent known={known} /> : <Time of={time} />}</td>
                  <td class="number">
                    {time === undefined ? "–" : renderMs(Math.max(0, Date.parse(time) - first))}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {known.due_at !== undefined && (
        <p class="about">
          It is due at <Time of={known.due_at} />
        </p>
      )}
      {known.overdue_since !== undefined && (
        <p class="about">
          It is overdue since <Time of={known.overdue_since} />
        </p>
      )}
    </>
  );
}

function Absent({ known }: { readonly known: IdState }) {
  if (known.state === "complete") return <span class="about">added after it was complete</span>;
  return <span class={known.state === "overdue" ? "is-overdue" : "about"}>not seen</span>;
}
