/** `/ui`: the last hour, what is wrong now, and the nodes. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { request } from "../../../http.ts";
import { Command } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { hrefTo, useQueryText } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { DemoSwitch } from "./demo-switch.tsx";
import { Hour } from "./hour.tsx";
import { listNodes, listProblems, readHistory } from "./nodes-api.ts";
import { NodesTable } from "./nodes-table.tsx";
import { findOverdue } from "./overdue-found.ts";
import { Problems } from "./problems.tsx";

const everyMs = 10_000;

export function Page() {
  const me = useMe();
  const maySee = may(me, "read", "node:status");
  return (
    <div class="page overview">
      <div class="page-head">
        <h1>Overview</h1>
        <DemoSwitch />
      </div>
      {me !== undefined && !maySee && (
        <p class="about">
          Without the grant <code>read node:status</code> this page shows nothing of the nodes.
        </p>
      )}
      {maySee && <State />}
      <FirstSteps />
    </div>
  );
}

function State() {
  const [node, setNode] = useQueryText("node");
  const readHour = useCallback(() => readHistory(node === "" ? undefined : node), [node]);
  const { answer: history, failure: historyFailure } = usePolled(readHour, everyMs);
  const { answer: nodes, failure: nodesFailure } = usePolled(listNodes, everyMs);
  const { answer: problems, failure } = usePolled(listProblems, everyMs);
  const { answer: overdue } = usePolled(findOverdue, everyMs);
  const silent = history?.nodes.filter(({ condition }) => condition === "silent") ?? [];
  return (
    <>
      <Problems
        problems={problems?.problems}
        overdue={overdue}
        missing={problems?.missing}
        failure={failure}
      />
      <section aria-labelledby="hour-title">
        <div class="page-head">
          <h2 id="hour-title">The last hour</h2>
          {nodes !== undefined && nodes.nodes.length > 1 && (
            <label>
              <span class="for-readers">Of which node</span>
              <select value={node} onChange={(event) => setNode(event.currentTarget.value)}>
                <option value="">All nodes</option>
                {nodes.nodes.map(({ node: name, place }) => (
                  <option key={name} value={name}>
                    {place} ({name.slice(0, 8)})
                  </option>
                ))}
              </select>
            </label>
          )}
        </div>
        <ErrorMessage text={historyFailure} />
        {silent.map(({ node: name, place }) => (
          <p key={name} class="about">
            The numbers lack the share of the node at {place}, which does not answer.
          </p>
        ))}
        <Hour history={history} />
      </section>
      <section aria-labelledby="nodes-title">
        <h2 id="nodes-title">Nodes</h2>
        <ErrorMessage text={nodesFailure} />
        <NodesTable list={nodes} />
      </section>
    </>
  );
}

async function countOwnTopics(): Promise<number> {
  const { topics } = await request<{ topics: readonly unknown[] }>("/v1/topics?internal=0&limit=1");
  return topics.length;
}

/** What fills an empty gateway. */
function FirstSteps() {
  const { answer: topics } = usePolled(countOwnTopics, everyMs);
  if (topics !== 0) return null;
  const origin = location.origin;
  return (
    <section class="card first-steps" aria-labelledby="first-title">
      <h2 id="first-title">First steps</h2>
      <p>This gateway has no topics yet. The first record creates one:</p>
      <Command text={`curl ${origin}/v1/topics/orders/records -d '{"order":1}'`} />
      <p>Then watch what comes:</p>
      <Command text="sluice watch orders" />
      <p>
        Or <a href={hrefTo("/topics", { create: "1" })}>create a topic here</a>.
      </p>
    </section>
  );
}
