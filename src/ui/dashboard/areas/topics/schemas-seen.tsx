/** The schemas that records of a topic have named. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { request } from "../../../http.ts";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";

interface Uses {
  readonly schemas: readonly {
    readonly id: number;
    readonly subjects: readonly { readonly subject: string; readonly version: number }[];
  }[];
  readonly next: number | null;
}

const everyMs = 30_000;

export function SchemasSeen({ topic }: { readonly topic: string }) {
  const me = useMe();
  const send = useCallback(
    () => request<Uses>(`/v1/topics/${segment(topic)}/schemas?limit=20`),
    [topic],
  );
  const { answer: uses, failure } = usePolled(send, everyMs);
  const mayAppend = may(me, "append", `topic:${topic}`);
  if (uses === undefined) return <ErrorMessage text={failure} />;
  return (
    <section>
      <h2>Schemas seen</h2>
      {uses.schemas.length === 0 ? (
        <p class="about">None: no record that was checked or shown has named one.</p>
      ) : (
        <ul>
          {uses.schemas.map(({ id, subjects }) => (
            <li key={id}>
              <a href={hrefTo(`/schemas/id/${id}`)}>id {id}</a>
              {subjects.map(({ subject, version }) => (
                <span key={subject}>
                  {" "}
                  · <SafeText text={subject} max={100} /> v{version}
                </span>
              ))}
              {mayAppend && (
                <>
                  {" "}
                  <a href={hrefTo(`/topics/${segment(topic)}/send`, { schema: String(id) })}>
                    Send one
                  </a>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {uses.next !== null && <p class="about">The newest 20 are shown.</p>}
    </section>
  );
}
