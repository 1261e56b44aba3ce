/** What an app expects, as a form. It replaces all of the app's settings. */

import { useId, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { type AppSettings, putApp } from "./api.ts";
import { nsFromMs, renderSpan } from "./duration.ts";

export function AppForm({
  app,
  isAllowed,
  onSaved,
}: {
  readonly app: AppSettings;
  /** Whether the reader may change it. */
  readonly isAllowed: boolean;
  readonly onSaved: () => void;
}) {
  const [isSaved, setIsSaved] = useState(false);
  if (!isAllowed) return <Settings app={app} />;
  return (
    <>
      <Editor
        key={JSON.stringify(app)}
        app={app}
        onEdit={() => setIsSaved(false)}
        onSaved={() => {
          setIsSaved(true);
          onSaved();
        }}
      />
      <p class="about" role="status">
        {isSaved && "Saved."}
      </p>
    </>
  );
}

function Settings({
  app: { expected, deadline_ms: deadlineMs, kept_ms: keptMs },
}: {
  readonly app: AppSettings;
}) {
  return (
    <section aria-labelledby="settings">
      <h2 id="settings">What it expects (read only)</h2>
      <dl class="facts-list">
        <dt>Events</dt>
        <dd>
          {expected.length === 0 ? "none" : <SafeText text={expected.join(", ")} max={2000} />}
        </dd>
        <dt>Deadline</dt>
        <dd>{deadlineMs === null ? "none" : renderSpan(nsFromMs(deadlineMs))}</dd>
        <dt>Kept for</dt>
        <dd>{keptWords(keptMs)}</dd>
      </dl>
    </section>
  );
}

function keptWords(keptMs: number): string {
  return keptMs === 0 ? "ever" : `${renderSpan(nsFromMs(keptMs))} after the last event`;
}

function Editor({
  app,
  onEdit,
  onSaved,
}: {
  readonly app: AppSettings;
  readonly onEdit: () => void;
  readonly onSaved: () => void;
}) {
  const [expected, setExpected] = useState(app.expected.join("\n"));
  const [deadline, setDeadline] = useState(secondsText(app.deadline_ms));
  const [kept, setKept] = useState(hoursText(app.retention_ms));
  const work = useWork();
  const hint = useId();
  const save = async () => {
    const names = expected.split("\n").map((name) => name.trim());
    await putApp(app.app_id, {
      expected: names.filter((name) => name !== ""),
      deadline_ms: numberOrNull(deadline, 1000),
      retention_ms: numberOrNull(kept, 3_600_000),
    });
    onSaved();
  };
  return (
    <section aria-labelledby="settings" onInput={onEdit}>
      <h2 id="settings">What it expects</h2>
      <WorkForm work={work} onSubmit={save}>
        <label>
          <span>Events, one a line, in the order in which they should come</span>
          <textarea
            rows={Math.min(12, Math.max(3, expected.split("\n").length + 1))}
            spellcheck={false}
            aria-describedby={hint}
            value={expected}
            onInput={(event) => setExpected(event.currentTarget.value)}
          />
          <small id={hint}>A message that has them all is complete. At most 100.</small>
        </label>
        <label>
          <span>Deadline in seconds after the first event</span>
          <input
            type="number"
            min="0.001"
            step="0.001"
            placeholder="none"
            value={deadline}
            onInput={(event) => setDeadline(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>Kept for hours after the last event</span>
          <input
            type="number"
            min="0"
            step="any"
            placeholder={`the gateway's setting: ${keptWords(app.kept_ms)}`}
            value={kept}
            onInput={(event) => setKept(event.currentTarget.value)}
          />
          <small>0 keeps them for ever.</small>
        </label>
        <ErrorMessage text={work.failure} />
        <div class="buttons">
          <SubmitButton work={work}>Save</SubmitButton>
        </div>
      </WorkForm>
    </section>
  );
}

function secondsText(ms: number | null): string {
  return ms === null ? "" : String(ms / 1000);
}

function hoursText(ms: number | null): string {
  return ms === null ? "" : String(ms / 3_600_000);
}

function numberOrNull(text: string, unitMs: number): number | null {
  return text.trim() === "" ? null : Math.round(Number(text) * unitMs);
}
