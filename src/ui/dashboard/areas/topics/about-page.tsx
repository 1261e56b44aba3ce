/** `/ui/topics/:topic/about`: its settings, size, readers and lag, and what uses it. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderBytes, renderCount } from "../../../format.ts";
import { ConfirmName } from "../../kit/confirm-name.tsx";
import { usePolled } from "../../kit/polled.ts";
import { renderRate } from "../../kit/rate-text.ts";
import { Age } from "../../kit/time.tsx";
import type { PageProps } from "../../shell/page.ts";
import { go, hrefTo, segment } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { ChangeSettings } from "./change-settings.tsx";
import { Copies } from "./copies.tsx";
import { SchemasSeen } from "./schemas-seen.tsx";
import { TopicHead } from "./topic-head.tsx";
import { renderLag, renderRetention, renderSizeMax } from "./topic-words.ts";
import { type About, readAbout, removeTopic } from "./topics-api.ts";

const everyMs = 5000;

export function Page({ params: { topic = "" } }: PageProps) {
  const me = useMe();
  const send = useCallback(() => readAbout(topic), [topic]);
  const { answer: about, failure, refresh } = usePolled(send, everyMs);
  const [isDeleting, setIsDeleting] = useState(false);
  const mayManage = may(me, "manage", `topic:${topic}`) && about?.topic.internal === false;
  return (
    <div class="page topics">
      <TopicHead topic={topic} current="about" />
      <ErrorMessage text={failure} />
      {about !== undefined && (
        <>
          <Facts about={about} />
          <Readers about={about} />
          <Uses about={about} />
          {may(me, "read", `topic:${topic}`) && <SchemasSeen topic={topic} />}
          {mayManage && (
            <ChangeSettings key={settingsKey(about)} topic={about.topic} onDone={refresh} />
          )}
          <Copies topic={topic} />
          {mayManage && (
            <section>
              <button type="button" class="danger" onClick={() => setIsDeleting(true)}>
                Delete the topic…
              </button>
            </section>
          )}
          {about.topic.internal && (
            <p class="about">
              The gateway keeps this topic: it can be neither changed nor deleted.
            </p>
          )}
        </>
      )}
      {isDeleting && about !== undefined && (
        <ConfirmName
          title="Delete the topic"
          name={topic}
          action="Delete the topic and its records"
          onClose={() => setIsDeleting(false)}
          onConfirm={async () => {
            await removeTopic(topic);
            go("/topics");
          }}
        >
          <Loss about={about} />
        </ConfirmName>
      )}
    </div>
  );
}

/** Another one starts the form over: not for a topic that only grows. */
function settingsKey({ topic }: About): string {
  const { retention_ms: ms, retention_bytes: bytes, schema } = topic;
  return `${ms} ${bytes} ${schema}`;
}

function readersOf({ readers }: About): number {
  return readers.reduce((sum, { subscriptions }) => sum + subscriptions, 0);
}

function Loss({ about }: { readonly about: About }) {
  const { topic, uses } = about;
  return (
    <>
      <p>
        {renderBytes(topic.bytes)} of records are lost. {renderCount(readersOf(about))} readers are
        connected now.
      </p>
      {uses.length > 0 && (
        <p>
          It is used by{" "}
          {uses.map(({ kind, name, does }) => `${kind} ${name}, which ${does} it`).join("; ")}.
        </p>
      )}
    </>
  );
}

function Facts({ about: { topic, activity } }: { readonly about: About }) {
  return (
    <dl class="facts-list">
      <dt>Records</dt>
      <dd>
        {renderRate(activity.records_per_s)}, {renderBytes(activity.bytes_per_s)}/s
        {activity.refused_per_s > 0 && `, ${renderRate(activity.refused_per_s)} refused`}
      </dd>
      <dt>Last record</dt>
      <dd>
        {activity.last_record === null ? (
          "not known"
        ) : (
          <>
            <Age of={activity.last_record} /> ago
          </>
        )}
      </dd>
      <dt>Size</dt>
      <dd>{renderBytes(topic.bytes)}</dd>
      <dt>Retention</dt>
      <dd>
        {renderRetention(topic.retention_ms)}, {renderSizeMax(topic.retention_bytes)}
      </dd>
      <dt>Layout</dt>
      <dd>{topic.layout}</dd>
      <dt>Schema rule</dt>
      <dd>{topic.schema}</dd>
      <dt>Positions</dt>
      <dd>
        after <code>{topic.start}</code> up to <code>{topic.end ?? "nothing yet"}</code>
      </dd>
      <dt>Partitions</dt>
      <dd>one: all records are in one order</dd>
    </dl>
  );
}

function Readers({ about }: { readonly about: About }) {
  const { readers, lags } = about;
  return (
    <section>
      <h2>Readers</h2>
      <p>
        {renderCount(readersOf(about))} open subscriptions
        {readers.length > 0 && ": "}
        {readers.map(({ node, place, subscriptions }, at) => (
          <span key={node}>
            {at > 0 && ", "}
            {renderCount(subscriptions)} on <a href={hrefTo(`/nodes/${segment(node)}`)}>{place}</a>
          </span>
        ))}
      </p>
      {lags.length > 0 && (
        <ul>
          {lags.map((lag) => (
            <li key={lag.consumer}>
              {lag.consumer.startsWith("rule ") ? "ack " : "projection "}
              <strong>{lag.consumer}</strong>: {renderLag(lag)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Uses({ about: { uses } }: { readonly about: About }) {
  if (uses.length === 0) return null;
  return (
    <section>
      <h2>Used by</h2>
      <ul>
        {uses.map(({ kind, name, does }) => (
          <li key={`${kind} ${name} ${does}`}>
            {kind === "rule" ? (
              <a href={hrefTo(`/rules/${segment(name)}`)}>rule {name}</a>
            ) : (
              `relation ${name}`
            )}{" "}
            {does} it
          </li>
        ))}
      </ul>
    </section>
  );
}
