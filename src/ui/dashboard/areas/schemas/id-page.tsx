/** `/ui/schemas/id/:id`: what the id in a record stands for. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { messageOf } from "../../../http.ts";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import type { PageProps } from "../../shell/page.ts";
import { hrefTo } from "../../shell/place.ts";
import { isMissing, readSchema, type SchemaOfId } from "./registry.ts";
import { subjectHref } from "./subject-href.ts";
import { UsedBy } from "./used-by.tsx";

const everyMs = 15_000;

export function Page({ params }: PageProps) {
  const given = params["id"] ?? "";
  const id = /^\d{1,10}$/.test(given) ? Number(given) : 0;
  return <IdPage key={given} id={id} given={given} />;
}

function IdPage({ id, given }: { readonly id: number; readonly given: string }) {
  const send = useCallback(async () => {
    if (id === 0) return "missing" as const;
    try {
      return await readSchema(id);
    } catch (error) {
      if (isMissing(error)) return "missing" as const;
      throw error;
    }
  }, [id]);
  const { answer, failure } = usePolled(send, everyMs);
  return (
    <div class="page">
      <h1>
        <a href={hrefTo("/schemas")}>Schemas</a> / id <SafeText text={given} max={40} />
      </h1>
      <ErrorMessage text={failure} />
      {answer === "missing" && (
        <Empty title="No schema with this id">
          <p>
            It was never given, it was removed permanently, or you may read none of the subjects
            that have it.
          </p>
        </Empty>
      )}
      {answer !== undefined && answer !== "missing" && <Known schema={answer} />}
    </div>
  );
}

function Known({ schema }: { readonly schema: SchemaOfId }) {
  const { id, guid, file, messages } = schema;
  return (
    <>
      <dl class="facts-list">
        <dt>GUID</dt>
        <dd>
          <code>{guid}</code> <CopyButton text={guid} />
        </dd>
        <dt>File</dt>
        <dd>
          <code>
            <SafeText text={file} />
          </code>
        </dd>
        <dt>Messages</dt>
        <dd>
          <SafeText text={messages.slice(0, 50).join(", ") || "none"} max={2000} />
          {messages.length > 50 && ` and ${messages.length - 50} more`}
        </dd>
      </dl>
      <h2>Subjects that have it</h2>
      <Versions schema={schema} />
      <h2>Topics that use it</h2>
      <UsedBy of={{ id }} />
    </>
  );
}

function Versions({ schema }: { readonly schema: SchemaOfId }) {
  const [more, setMore] = useState<SchemaOfId["versions"]>([]);
  const [next, setNext] = useState<number | null>();
  const [failure, setFailure] = useState<string>();
  const following = next === undefined ? schema.next : next;
  const load = async () => {
    try {
      const page = await readSchema(schema.id, following ?? 0);
      setMore([...more, ...page.versions]);
      setNext(page.next);
      setFailure(undefined);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <>
      <ul class="plain">
        {[...schema.versions, ...more].map(({ subject, version, deleted }) => (
          <li key={`${version}:${subject}`}>
            <a href={subjectHref(subject, { v: version })}>
              <SafeText text={subject} /> v{version}
            </a>
            {deleted && <span class="about"> deleted</span>}
          </li>
        ))}
      </ul>
      <ErrorMessage text={failure} />
      {following !== null && (
        <div class="buttons">
          <button type="button" onClick={() => void load()}>
            More subjects
          </button>
        </div>
      )}
    </>
  );
}
