/** The fields of a record that is about to be sent, with what is wrong beside each. */

import { useId, useRef } from "preact/hooks";
import type { Fault } from "../../../http.ts";
import { useWork, WorkButton } from "../../../work.tsx";
import { type Draft, type DraftHeader, templateOf } from "./send-api.ts";

export function DraftFields({
  draft,
  faults,
  onChange,
}: {
  readonly draft: Draft;
  readonly faults: readonly Fault[];
  readonly onChange: (draft: Draft) => void;
}) {
  const change = (changes: Partial<Draft>) => onChange({ ...draft, ...changes });
  // What was typed as the other kind, which comes back with it.
  const json = useRef("{}");
  const bytes = useRef({ value: "", contentType: "application/octet-stream" });
  const turn = (isBytes: boolean) => {
    const { value, contentType } = draft;
    if (isBytes) json.current = value;
    else bytes.current = { value, contentType };
    change({
      isBytes,
      ...(isBytes ? bytes.current : { value: json.current, contentType: "application/json" }),
    });
  };
  const faultOf = (...names: readonly string[]) =>
    faults.find(({ field = "" }) => names.some((name) => field.toLowerCase().startsWith(name)))
      ?.message;
  return (
    <>
      <label>
        <span>Key</span>
        <input
          spellcheck={false}
          maxLength={512}
          value={draft.key}
          onInput={(event) => change({ key: event.currentTarget.value })}
        />
        <small>{faultOf("key") ?? "Left out where it is empty."}</small>
      </label>
      <Headers draft={draft} onChange={change} />
      <label class="check">
        <input
          type="checkbox"
          checked={draft.isBytes}
          onChange={(event) => turn(event.currentTarget.checked)}
        />
        Bytes, as base64
      </label>
      {draft.isBytes && (
        <label>
          <span>Content type</span>
          <input
            spellcheck={false}
            value={draft.contentType}
            onInput={(event) => change({ contentType: event.currentTarget.value })}
          />
        </label>
      )}
      <Schema draft={draft} fault={faultOf("schema", "sluice-schema")} onChange={change} />
      <label>
        <span>{draft.isBytes ? "Bytes" : "JSON"}</span>
        <textarea
          spellcheck={false}
          value={draft.value}
          onInput={(event) => change({ value: event.currentTarget.value })}
        />
        <small>{faultOf("value", "body", "/") ?? ""}</small>
      </label>
    </>
  );
}

function Headers({
  draft: { headers },
  onChange,
}: {
  readonly draft: Draft;
  readonly onChange: (changes: Partial<Draft>) => void;
}) {
  const set = (at: number, changes: Partial<DraftHeader>) =>
    onChange({
      headers: headers.map((old, index) => (index === at ? { ...old, ...changes } : old)),
    });
  return (
    <fieldset>
      <legend>Headers</legend>
      {headers.map(({ name, value, isBytes }, at) => (
        <div class="filters" key={at}>
          <label>
            <span>Name</span>
            <input
              spellcheck={false}
              value={name}
              onInput={(event) => set(at, { name: event.currentTarget.value })}
            />
          </label>
          <label>
            <span>{isBytes ? "Bytes, as base64" : "Value"}</span>
            <input
              spellcheck={false}
              value={value}
              onInput={(event) => set(at, { value: event.currentTarget.value })}
            />
          </label>
          <button
            type="button"
            onClick={() => onChange({ headers: headers.filter((_, index) => index !== at) })}
          >
            Remove
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() => onChange({ headers: [...headers, { name: "", value: "", isBytes: false }] })}
      >
        Add a header
      </button>
    </fieldset>
  );
}

function Schema({
  draft: { schema },
  fault,
  onChange,
}: {
  readonly draft: Draft;
  readonly fault: string | undefined;
  readonly onChange: (changes: Partial<Draft>) => void;
}) {
  const work = useWork();
  const hint = useId();
  const fill = async () => {
    const value = await templateOf(schema);
    onChange({ value, isBytes: false, contentType: "application/json" });
  };
  return (
    <div class="filters">
      <label>
        <span>Schema id</span>
        <input
          inputMode="numeric"
          aria-describedby={hint}
          pattern="[0-9]*"
          value={schema}
          onInput={(event) => onChange({ schema: event.currentTarget.value.trim() })}
        />
      </label>
      {schema !== "" && (
        <WorkButton work={work} onPress={fill}>
          Start from its template
        </WorkButton>
      )}
      <small id={hint}>{work.failure ?? fault ?? "The value is then JSON of its message."}</small>
    </div>
  );
}
