/** The head that all pages of one topic share. */

import type { ComponentChildren } from "preact";
import { SafeText } from "../../kit/safe-text.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";

export function TopicHead({
  topic,
  current,
  children,
}: {
  readonly topic: string;
  readonly current: "records" | "about" | "send";
  readonly children?: ComponentChildren;
}) {
  const me = useMe();
  const mayAppend = may(me, "append", `topic:${topic}`);
  const path = `/topics/${segment(topic)}`;
  const isCurrent = (name: string) => (name === current ? { "aria-current": "page" as const } : {});
  return (
    <div class="page-head">
      <h1>
        <SafeText text={topic} max={200} />
      </h1>
      {me !== undefined && !mayAppend && <span class="badge">read only</span>}
      <nav class="tabs" aria-label="Of this topic">
        <a href={hrefTo(path)} {...isCurrent("records")}>
          Records
        </a>
        <a href={hrefTo(`${path}/about`)} {...isCurrent("about")}>
          About
        </a>
        {mayAppend && (
          <a href={hrefTo(`${path}/send`)} {...isCurrent("send")}>
            Send
          </a>
        )}
      </nav>
      {children}
    </div>
  );
}
