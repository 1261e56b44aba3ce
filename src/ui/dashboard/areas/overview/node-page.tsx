/** `/ui/nodes/:node`: one node, its last hour and what it works on. `this`: the one that answers. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderBytes, renderCount } from "../../../format.ts";
import { CopyButton } from "../../kit/copy-button.tsx";
import { directionOf } from "../../kit/direction.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import type { PageProps } from "../../shell/page.ts";
import { hrefTo, segment } from "../../shell/place.ts";
import { Hour } from "./hour.tsx";
import { listNodes, type NodeInfo, readHistory } from "./nodes-api.ts";
import { Condition } from "./nodes-table.tsx";

const everyMs = 10_000;

export function Page({ params: { node: asked = "this" } }: PageProps) {
  const { answer: list, failure } = usePolled(listNodes, everyMs);
  const name = asked === "this" ? list?.this : asked;
  const node = list?.nodes.find((one) => one.node === name);
  return (
    <div class="page overview">
      <div class="page-head">
        <h1>
          Node <SafeText text={node?.place ?? asked} max={100} />
        </h1>
        {node !== undefined && <Condition node={node} />}
      </div>
      <ErrorMessage text={failure} />
      {typeof list?.missing === "string" && <p class="failure">{list.missing}</p>}
      {list !== undefined && node === undefined && (
        <Empty title="No node of this name">
          <p>
            A node gets a new name at each start, and is forgotten an hour after it said something
            last. <a href={hrefTo("/")}>All nodes</a>
          </p>
        </Empty>
      )}
      {node !== undefined && <Details node={node} />}
    </div>
  );
}

function Details({ node }: { readonly node: NodeInfo }) {
  const { node: name, version, runtime, log, owns, projections } = node;
  const readHour = useCallback(() => readHistory(name), [name]);
  const { answer: history, failure } = usePolled(readHour, everyMs);
  return (
    <>
      <dl class="facts-list">
        <dt>Name</dt>
        <dd>
          <code>{name}</code> <CopyButton text={name} />
        </dd>
        <dt>Began</dt>
        <dd>
          <Time of={node.started_at} />
        </dd>
        <dt>Last said something</dt>
        <dd>
          <Time of={node.seen_at} />
        </dd>
        <dt>Release</dt>
        <dd>
          {version}, {runtime}, log in {log}
        </dd>
        <dt>Memory</dt>
        <dd>{renderBytes(node.memory_bytes)}</dd>
        <dt>Subscribers</dt>
        <dd>{renderCount(node.subscribers)}</dd>
        <dt>Simulated guests</dt>
        <dd>{renderCount(node.guests)}</dd>
      </dl>
      <section aria-labelledby="hour-title">
        <h2 id="hour-title">The last hour</h2>
        <ErrorMessage text={failure} />
        <Hour history={history} />
      </section>
      <section aria-labelledby="owns-title">
        <h2 id="owns-title">Duties that it works on alone</h2>
        {owns.length === 0 ? (
          <p class="about">Nothing: other nodes do that work.</p>
        ) : (
          <ul class="owns">
            {owns.map((one) => (
              <li key={one}>
                <SafeText text={one} max={200} />
              </li>
            ))}
          </ul>
        )}
      </section>
      {projections.length > 0 && (
        <section aria-labelledby="projections-title">
          <h2 id="projections-title">Its projections</h2>
          <div class="scroll-x" tabIndex={0} role="region" aria-label="Projections">
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">Projection</th>
                  <th scope="col">Topic</th>
                  <th scope="col" class="number">
                    Lag
                  </th>
                </tr>
              </thead>
              <tbody>
                {projections.map(({ name: projection, topic, lag_s, lag_before_s }) => (
                  <tr key={projection}>
                    <th scope="row">{projection}</th>
                    <td>
                      <a href={hrefTo(`/topics/${segment(topic)}/about`)}>{topic}</a>
                    </td>
                    <td class="number">
                      {lag_s.toFixed(1)} s{directionOf(lag_s, lag_before_s)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </>
  );
}
