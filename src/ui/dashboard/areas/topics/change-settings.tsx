/** Changes a topic's settings, and says before what that does to records that come and to those that are there. */

import { useEffect, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { messageOf } from "../../../http.ts";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { type Draft, draftOf, SettingsFields, settingsOf } from "./settings-fields.tsx";
import { type ChangePreview, previewTopic, putTopic, type Topic } from "./topics-api.ts";

export function ChangeSettings({
  topic,
  onDone,
}: {
  readonly topic: Topic;
  readonly onDone: () => void;
}) {
  const [draft, setDraft] = useState(() => draftOf(topic));
  const work = useWork();
  const change = async () => {
    await putTopic(topic.name, settingsOf(draft));
    onDone();
  };
  return (
    <details>
      <summary>Change its settings</summary>
      <WorkForm work={work} onSubmit={change}>
        <SettingsFields draft={draft} isNew={false} onChange={setDraft} />
        {isShorter(topic, draft) && (
          <p class="failure" role="status">
            Records that are past the new retention are dropped soon, and cannot be brought back.
          </p>
        )}
        {draft.schema !== topic.schema && <RuleNotice topic={topic} draft={draft} />}
        <ErrorMessage text={work.failure} />
        <div class="buttons">
          <SubmitButton work={work}>Change</SubmitButton>
        </div>
      </WorkForm>
    </details>
  );
}

/** What another schema rule means, by the newest records of the topic. */
function RuleNotice({ topic, draft }: { readonly topic: Topic; readonly draft: Draft }) {
  const [found, setFound] = useState<ChangePreview>();
  const [failure, setFailure] = useState<string>();
  const { name } = topic;
  const { schema } = draft;
  useEffect(() => {
    let isOver = false;
    setFound(undefined);
    setFailure(undefined);
    previewTopic(name, { schema }).then(
      (preview) => !isOver && setFound(preview),
      (error: unknown) => !isOver && setFailure(messageOf(error)),
    );
    return () => {
      isOver = true;
    };
  }, [name, schema]);
  return (
    <section aria-label="What the new schema rule does" aria-live="polite">
      <p>
        {schema === "none"
          ? "Records that come are no longer checked. "
          : `Records that come and do not follow the rule ${schema} are refused. `}
        Those that are here stay as they are: each is read by the schema that it names.
      </p>
      <ErrorMessage text={failure} />
      {found !== undefined && schema !== "none" && <Checked topic={name} found={found} />}
    </section>
  );
}

function Checked({
  topic,
  found: { checked, refused, newest_refusal: newest },
}: {
  readonly topic: string;
  readonly found: ChangePreview;
}) {
  if (checked === 0) return <p>The topic has no records, so nothing can be checked before.</p>;
  if (newest === null) {
    return <p>The newest {renderCount(checked)} records follow it.</p>;
  }
  return (
    <p class="failure">
      Of the newest {renderCount(checked)} records it would refuse {renderCount(refused)}.{" "}
      <a href={hrefTo(`/topics/${segment(topic)}`, { sel: newest.position })}>The last of them</a>:{" "}
      <SafeText text={newest.message} />
    </p>
  );
}

/** Whether fewer records may be kept than before. */
function isShorter(topic: Topic, draft: Draft): boolean {
  const { retention_ms: ms, retention_bytes: bytes } = settingsOf(draft);
  const less = (now: number, before: number) => now !== 0 && (before === 0 || now < before);
  return (
    less(ms ?? topic.retention_ms, topic.retention_ms) ||
    less(bytes ?? topic.retention_bytes, topic.retention_bytes)
  );
}
