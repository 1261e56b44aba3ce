/** The topics in which records of a subject's schemas were seen. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { request } from "../../../http.ts";
import { usePolled } from "../../kit/polled.ts";
import { Age, Time } from "../../kit/time.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { isMissing, topicsOf, type TopicUse } from "./registry.ts";

const everyMs = 10_000;

type Of = { readonly subject: string } | { readonly id: number };

export function UsedBy({ of }: { readonly of: Of }) {
  const subject = "subject" in of ? of.subject : undefined;
  const id = "id" in of ? of.id : undefined;
  const send = useCallback(
    () => topicsOf(subject === undefined ? { id: id ?? 0 } : { subject }),
    [subject, id],
  );
  const { answer, failure } = usePolled(send, everyMs);
  const [more, setMore] = useState<readonly TopicUse[]>([]);
  const [next, setNext] = useState<string>();
  const [moreFailure, setMoreFailure] = useState<string>();
  const shown = [...(answer?.items ?? []), ...more];
  const following = more.length === 0 ? answer?.next : next;

  const loadMore = async () => {
    try {
      const page = await topicsOf(of, following);
      setMore([...more, ...page.items]);
      setNext(page.next);
      setMoreFailure(undefined);
    } catch (error) {
      setMoreFailure(String(error));
    }
  };

  return (
    <>
      <ErrorMessage text={failure ?? moreFailure} />
      {subject !== undefined && <ByName subject={subject} />}
      {answer !== undefined && shown.length === 0 && (
        <p>
          No record with {subject === undefined ? "it" : "one of its schemas"} was seen in a topic
          that you may read.
        </p>
      )}
      {shown.length > 0 && (
        <div class="scroll-x">
          <table class="table">
            <caption class="for-readers">Topics with records of this schema</caption>
            <thead>
              <tr>
                <th scope="col">Topic</th>
                <th scope="col">Seen last</th>
                <th scope="col">Seen first</th>
                <th scope="col">Schema</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((use) => (
                <tr key={use.topic}>
                  <td>
                    <a href={hrefTo(`/topics/${segment(use.topic)}`)}>{use.topic}</a>
                  </td>
                  <td>
                    <Time of={use.last_seen_at} />{" "}
                    <span class="about">
                      <Age of={use.last_seen_at} /> ago
                    </span>
                  </td>
                  <td>
                    <Time of={use.first_seen_at} />
                  </td>
                  <td>
                    <a href={hrefTo(`/schemas/id/${use.id}`)}>id {use.id}</a>
                    {use.schemas > 1 && <span class="about"> and {use.schemas - 1} earlier</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {following !== undefined && (
        <div class="buttons">
          <button type="button" onClick={() => void loadMore()}>
            More topics
          </button>
        </div>
      )}
      <p class="about">
        A record is seen where its topic's schema rule accepts it, and where it is decoded for a
        reader. It takes some seconds until it is listed, and 30 days until it is forgotten.
      </p>
    </>
  );
}

interface NamedTopic {
  readonly name: string;
  readonly schema: string;
}

/** By custom the subject of a topic's values is `<topic>-value`. */
function ByName({ subject }: { readonly subject: string }) {
  const me = useMe();
  const name = /^([A-Za-z0-9._-]{1,200})-(?:value|key)$/.exec(subject)?.[1];
  const isAsked = name !== undefined && may(me, "read", `topic:${name}`);
  const send = useCallback(async () => {
    if (!isAsked) return undefined;
    try {
      return await request<NamedTopic>(`/v1/topics/${segment(name)}`);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }, [name, isAsked]);
  const { answer } = usePolled(send, 30_000);
  if (answer === undefined) return null;
  return (
    <p>
      By its name it is that of the topic{" "}
      <a href={hrefTo(`/topics/${segment(answer.name)}`)}>{answer.name}</a>, whose schema rule is{" "}
      <code>{answer.schema}</code>.
    </p>
  );
}
