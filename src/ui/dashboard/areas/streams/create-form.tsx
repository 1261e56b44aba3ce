/** The form that creates an emitter. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { createEmitter, type EmitterInfo } from "./emitters.ts";

export function CreateForm({ onCreate }: { readonly onCreate: (emitter: EmitterInfo) => void }) {
  const [id, setId] = useState("");
  const [source, setSource] = useState("guest");
  const [rate, setRate] = useState("2");
  const work = useWork();

  const create = async () => onCreate(await createEmitter(id, source, Number(rate)));

  return (
    <WorkForm work={work} onSubmit={create} class="create form card" takesFocus>
      <label>
        <span>
          Id <small>generated if empty</small>
        </span>
        <input
          value={id}
          maxLength={200}
          pattern="[A-Za-z0-9._\-]{1,200}"
          title="A-Z a-z 0-9 . _ -"
          spellcheck={false}
          onInput={(event) => setId(event.currentTarget.value)}
        />
      </label>
      <div class="pair">
        <label>
          <span>Source</span>
          <select value={source} onChange={(event) => setSource(event.currentTarget.value)}>
            <option value="guest">Guest (simulated)</option>
            <option value="external">External</option>
          </select>
        </label>
        <label>
          <span>Events/s</span>
          <input
            type="number"
            min="0.1"
            max="1000"
            step="any"
            required
            disabled={source !== "guest"}
            value={rate}
            onInput={(event) => setRate(event.currentTarget.value)}
          />
        </label>
      </div>
      <small>
        {source === "guest"
          ? "Sluice writes the log of a simulated instance."
          : "Your programs append the events."}
      </small>
      <ErrorMessage text={work.failure} />
      <div class="buttons">
        <SubmitButton work={work}>Create</SubmitButton>
      </div>
    </WorkForm>
  );
}
