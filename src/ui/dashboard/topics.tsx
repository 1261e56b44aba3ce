/** The list of topics. */

import { ErrorMessage } from "../error-message.tsx";
import { renderBytes } from "../format.ts";
import type { TopicInfo } from "./gateway.ts";
import { targetHash } from "./target.ts";

export function Topics({
  topics,
  failure,
  selected,
}: {
  readonly topics: readonly TopicInfo[] | undefined;
  readonly failure: string | undefined;
  readonly selected: string | undefined;
}) {
  return (
    <section aria-labelledby="topics-title">
      <div class="list-head">
        <h2 id="topics-title">Topics</h2>
      </div>
      <ErrorMessage text={failure} />
      <ul class="list">
        {topics?.map(({ name, layout, bytes }) => (
          <li key={name}>
            <a
              href={targetHash({ kind: "topic", name })}
              {...(name === selected ? { "aria-current": "true" } : {})}
            >
              <span class="name">{name}</span>
              <span class="about">
                {layout} · {renderBytes(bytes)}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {topics?.length === 0 && <p class="empty">No topics yet.</p>}
    </section>
  );
}
