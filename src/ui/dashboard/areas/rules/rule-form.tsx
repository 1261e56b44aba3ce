/** The form that creates a rule, or changes it: what a change forgets is shown before it is made. */

import { useEffect, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { messageOf } from "../../../http.ts";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { refuseTaken } from "../../kit/taken.ts";
import { placesOf, type Preview, previewRule, putRule, readRule, type Rule } from "./api.ts";
import { configFrom, type Draft, draftFrom, emptyDraft } from "./draft.ts";
import { effectsOf } from "./words.ts";

const previewMs = 350;

export function RuleForm({
  existing,
  onDone,
  onClose,
}: {
  /** Undefined: a new rule. */
  readonly existing: Rule | undefined;
  readonly onDone: (rule: Rule) => void;
  readonly onClose: () => void;
}) {
  const [draft, setDraft] = useState<Draft>(
    existing === undefined ? emptyDraft : draftFrom(existing),
  );
  const set = (changes: Partial<Draft>) => setDraft((old) => ({ ...old, ...changes }));
  const name = existing?.name ?? draft.name.trim();
  const preview = usePreview(existing, draft);
  const changes = preview?.answer?.changes.length ?? 0;
  const isUnchanged = existing !== undefined && changes === 0;

  const work = useWork(!isUnchanged);
  const submit = async () => {
    if (existing === undefined) await refuseTaken("An ack rule", readRule(name));
    onDone(await putRule(name, configFrom(draft)));
  };

  return (
    <WorkForm
      work={work}
      onSubmit={submit}
      class="form card"
      takesFocus
      label={existing === undefined ? "A new ack rule" : `Change ${existing.name}`}
    >
      {existing === undefined && (
        <label>
          <span>Name</span>
          <input
            required
            maxLength={200}
            spellcheck={false}
            value={draft.name}
            onInput={(event) => set({ name: event.currentTarget.value })}
          />
        </label>
      )}
      <PlaceFields draft={draft} set={set} isNew={existing === undefined} />
      <label>
        <span>Output: the topic of the acks</span>
        <input
          required
          spellcheck={false}
          value={draft.output}
          onInput={(event) => set({ output: event.currentTarget.value })}
        />
      </label>
      <TimeFields draft={draft} set={set} />
      {preview !== undefined && <Effects {...preview} hasAdded={hasAdded(existing, draft)} />}
      <ErrorMessage text={work.failure} />
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <SubmitButton work={work}>
          {existing === undefined ? "Create the rule" : "Make the change"}
        </SubmitButton>
      </div>
    </WorkForm>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly set: (changes: Partial<Draft>) => void;
}

function PlaceFields({ draft, set, isNew }: FieldsProps & { readonly isNew: boolean }) {
  return (
    <>
      {isNew && (
        <label>
          <span>An id is complete once it was seen in</span>
          <select
            value={draft.over}
            onChange={(event) =>
              set({ over: event.currentTarget.value === "events" ? "events" : "topics" })
            }
          >
            <option value="topics">each of several topics</option>
            <option value="events">each of several lifecycle events</option>
          </select>
        </label>
      )}
      <label>
        <span>{draft.over === "topics" ? "Topics, one a line" : "Events, one a line"}</span>
        <textarea
          required
          rows={4}
          spellcheck={false}
          value={draft.places}
          onInput={(event) => set({ places: event.currentTarget.value })}
        />
      </label>
      {draft.over === "events" ? (
        <label>
          <span>Application; empty: all of them</span>
          <input
            spellcheck={false}
            value={draft.app}
            onInput={(event) => set({ app: event.currentTarget.value })}
          />
        </label>
      ) : (
        <IdFields draft={draft} set={set} />
      )}
    </>
  );
}

function IdFields({ draft, set }: FieldsProps) {
  return (
    <div class="filters">
      <label>
        <span>The id is</span>
        <select
          value={draft.idAt}
          onChange={(event) => {
            const { value } = event.currentTarget;
            set({ idAt: value === "key" || value === "field" ? value : "pointer" });
          }}
        >
          <option value="pointer">at a JSON Pointer</option>
          <option value="field">in a field of the schema</option>
          <option value="key">the record's key</option>
        </select>
      </label>
      {draft.idAt !== "key" && (
        <label>
          <span>
            {draft.idAt === "field" ? "Field, such as watch.id" : "Pointer, such as /a/id"}
          </span>
          <input
            required
            spellcheck={false}
            value={draft.idPath}
            onInput={(event) => set({ idPath: event.currentTarget.value })}
          />
        </label>
      )}
    </div>
  );
}

function TimeFields({ draft, set }: FieldsProps) {
  return (
    <div class="filters">
      <label>
        <span>Deadline in seconds; empty: none</span>
        <input
          type="number"
          min="0.001"
          step="0.001"
          value={draft.deadline}
          onInput={(event) => set({ deadline: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>Remembered for, in seconds</span>
        <input
          type="number"
          min="0.001"
          step="0.001"
          value={draft.keep}
          onInput={(event) => set({ keep: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>New topics are read from</span>
        <select
          value={draft.from}
          onChange={(event) =>
            set({ from: event.currentTarget.value === "earliest" ? "earliest" : "now" })
          }
        >
          <option value="now">their end</option>
          <option value="earliest">their beginning</option>
        </select>
      </label>
    </div>
  );
}

interface Previewed {
  /** What it is a preview of. */
  readonly draft: Draft;
  readonly answer: Preview | undefined;
  readonly failure: string | undefined;
}

/** Undefined for a new rule. The preview follows the fields, a moment after the last keystroke. */
function usePreview(existing: Rule | undefined, draft: Draft): Previewed | undefined {
  const none = { draft, answer: undefined, failure: undefined };
  const [state, setState] = useState<Previewed>(none);
  const name = existing?.name;
  useEffect(() => {
    if (name === undefined) return undefined;
    let isOver = false;
    const timer = setTimeout(() => {
      previewRule(name, configFrom(draft)).then(
        (answer) => !isOver && setState({ draft, answer, failure: undefined }),
        (error: unknown) =>
          !isOver && setState({ draft, answer: undefined, failure: messageOf(error) }),
      );
    }, previewMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [name, draft]);
  if (existing === undefined) return undefined;
  // What the last draft would do says nothing about this one: nobody may take it for that.
  return state.draft === draft ? state : none;
}

function hasAdded(existing: Rule | undefined, draft: Draft): boolean {
  const before = existing === undefined ? [] : placesOf(existing);
  return placesOf(configFrom(draft)).some((place) => !before.includes(place));
}

function Effects({
  answer,
  failure,
  hasAdded,
}: Omit<Previewed, "draft"> & { readonly hasAdded: boolean }) {
  if (failure !== undefined) return <ErrorMessage text={failure} />;
  if (answer === undefined) return <p class="about">Asking what it would do …</p>;
  if (answer.changes.length === 0) return <p class="about">Nothing is changed yet.</p>;
  const effects = effectsOf(answer, hasAdded);
  return (
    <section class="effects" aria-label="What the change would do" aria-live="polite">
      <h2>What the change would do</h2>
      {effects.length === 0 ? (
        <p>Nothing that was seen is forgotten, and no id is completed by it.</p>
      ) : (
        <ul>
          {effects.map((effect) => (
            <li key={effect}>{effect}</li>
          ))}
        </ul>
      )}
      <p class="about">
        It changes {answer.changes.join(", ")}. Complete ids stay complete: no ack is given twice.
        {answer.more && ` Of the ${renderCount(answer.counted)} most urgent ids; there are more.`}
      </p>
    </section>
  );
}
