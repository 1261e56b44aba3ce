/** `/ui/topics/:topic/send`: one record by hand, tried while it is typed; or many as a job. */

import { useEffect, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { messageOf } from "../../../http.ts";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import type { PageProps } from "../../shell/page.ts";
import { hrefTo, segment, usePlace } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { Copies } from "./copies.tsx";
import { CopyForm } from "./copy-form.tsx";
import { DraftFields } from "./draft-fields.tsx";
import { type Draft, draftLike, emptyDraft, sendRecord, templateOf } from "./send-api.ts";
import { TopicHead } from "./topic-head.tsx";
import { useTry, wrongDraft } from "./use-try.ts";

export function Page({ params: { topic = "" } }: PageProps) {
  const me = useMe();
  const [created, setCreated] = useState(0);
  const mayAppend = may(me, "append", `topic:${topic}`);
  const mayRead = may(me, "read", `topic:${topic}`);
  return (
    <div class="page topics">
      <TopicHead topic={topic} current="send" />
      {me !== undefined && !mayAppend && (
        <p class="about">
          Without the grant <code>append topic:{topic}</code> nothing can be sent to this topic.
        </p>
      )}
      {mayAppend && <One key={topic} topic={topic} />}
      {mayRead && (
        <section aria-labelledby="many-title">
          <h2 id="many-title">Send many of its records to another topic</h2>
          <p class="about">
            A job of the gateway, which sends each record once and deletes nothing. Count first.
          </p>
          <CopyForm topic={topic} onCreated={() => setCreated((count) => count + 1)} />
          <Copies key={created} topic={topic} />
        </section>
      )}
    </div>
  );
}

function One({ topic }: { readonly topic: string }) {
  const { query } = usePlace();
  const like = query.get("like");
  const schema = query.get("schema");
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [failure, setFailure] = useState<string>();
  const [sent, setSent] = useState<string>();
  const work = useWork();
  const tried = useTry(topic, draft);

  useEffect(() => {
    if (like === null && schema === null) return;
    draftFrom(topic, like, schema).then(setDraft, (error: unknown) => setFailure(messageOf(error)));
  }, [topic, like, schema]);

  const submit = async () => {
    setFailure(undefined);
    setSent(undefined);
    // `1,2` would be sent as two records: the value goes to the gateway within a list.
    const wrong = wrongDraft(draft);
    if (wrong !== undefined) throw new Error(wrong);
    const { position, refused } = await sendRecord(topic, draft, false);
    setSent(position);
    setFailure(refused[0]?.message);
  };
  return (
    <section aria-labelledby="one-title">
      <h2 id="one-title">{like === null ? "Send a record" : "Send a record again"}</h2>
      <WorkForm work={work} onSubmit={submit}>
        <DraftFields draft={draft} faults={tried.faults} onChange={setDraft} />
        <p role="status" class={tried.isGood ? "about" : "failure"}>
          {tried.words}
        </p>
        <ErrorMessage text={work.failure ?? failure} />
        {sent !== undefined && (
          <p role="status">
            Sent to{" "}
            <a href={hrefTo(`/topics/${segment(topic)}`, { sel: sent })}>
              position <code>{sent}</code>
            </a>
            .
          </p>
        )}
        <div class="buttons">
          <SubmitButton work={work}>Send</SubmitButton>
        </div>
      </WorkForm>
    </section>
  );
}

async function draftFrom(
  topic: string,
  like: string | null,
  schema: string | null,
): Promise<Draft> {
  if (like !== null) return await draftLike(topic, like);
  if (schema === null) return emptyDraft;
  return { ...emptyDraft, schema, value: await templateOf(schema) };
}
