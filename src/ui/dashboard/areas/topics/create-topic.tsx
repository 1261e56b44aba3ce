/** Creates a topic. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { refuseTaken } from "../../kit/taken.ts";
import { go, segment } from "../../shell/place.ts";
import { type Draft, newDraft, SettingsFields, settingsOf } from "./settings-fields.tsx";
import { putTopic, readTopic } from "./topics-api.ts";

export function CreateTopic({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [draft, setDraft] = useState<Draft>(newDraft);
  const work = useWork(name !== "");
  const create = async () => {
    await refuseTaken("A topic", readTopic(name));
    await putTopic(name, settingsOf(draft));
    onClose();
    go(`/topics/${segment(name)}/about`);
  };
  return (
    <Dialog title="Create a topic" onClose={onClose}>
      <WorkForm work={work} onSubmit={create}>
        <label>
          <span>Name</span>
          <input
            autofocus
            required
            autocomplete="off"
            spellcheck={false}
            maxLength={200}
            pattern="[A-Za-z0-9._\-]+"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <small>Letters, digits, dots, hyphens and underscores.</small>
        </label>
        <SettingsFields draft={draft} isNew onChange={setDraft} />
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
