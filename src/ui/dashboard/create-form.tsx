/** The form that creates an emitter. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../error-message.tsx";
import { messageOf } from "../http.ts";
import { createEmitter, type EmitterInfo } from "./gateway.ts";

export function CreateForm({ onCreate }: { readonly onCreate: (emitter: EmitterInfo) => void }) {
  const [id, setId] = useState("");
  const [source, setSource] = useState("guest");
  const [rate, setRate] = useState("2");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();

  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      onCreate(await createEmitter(id, source, Number(rate)));
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  };

  return (
    <form class="create" onSubmit={(event) => void submit(event)}>
      <label>
        <span>
          Id <small>generated if empty</small>
        </span>
        <input
          ref={first}
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
      <ErrorMessage text={failure} />
      <button type="submit" class="primary" disabled={busy}>
        Create
      </button>
    </form>
  );
}
