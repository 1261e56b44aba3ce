/** A name for a new app, whose page then has all of its settings. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { refuseTaken } from "../../kit/taken.ts";
import { go } from "../../shell/place.ts";
import { putApp, readApp } from "./api.ts";

async function createApp(name: string, expected: readonly string[]): Promise<void> {
  await refuseTaken("An app", readApp(name));
  await putApp(name, { expected, deadline_ms: 60_000, retention_ms: null });
}

export function CreateApp({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [events, setEvents] = useState("CREATED\nSENT");
  const work = useWork();
  const create = async () => {
    const expected = events.split("\n").map((one) => one.trim());
    await createApp(
      name,
      expected.filter((one) => one !== ""),
    );
    go("/apps/one", { app: name });
  };
  return (
    <Dialog title="Create an app" onClose={onClose}>
      <WorkForm work={work} onSubmit={create}>
        <label>
          <span>Name, the app_id of its events</span>
          <input
            autofocus
            required
            spellcheck={false}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>Events, one a line, in the order in which they should come</span>
          <textarea
            rows={4}
            spellcheck={false}
            value={events}
            onInput={(event) => setEvents(event.currentTarget.value)}
          />
          <small>A message that lacks one of them after 60 s is overdue. Change this later.</small>
        </label>
        <ErrorMessage text={work.failure} />
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <SubmitButton work={work}>Create</SubmitButton>
        </div>
      </WorkForm>
    </Dialog>
  );
}
