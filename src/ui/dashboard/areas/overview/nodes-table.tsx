/** The nodes, and what each works on. */

import { renderBytes, renderCount } from "../../../format.ts";
import { Age } from "../../kit/time.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { counted } from "../rules/words.ts";
import type { NodeInfo, NodeList } from "./nodes-api.ts";

export function NodesTable({ list }: { readonly list: NodeList | undefined }) {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Nodes">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col">Began</th>
            <th scope="col" class="number">
              Subscribers
            </th>
            <th scope="col" class="number">
              Memory
            </th>
            <th scope="col">Works alone on</th>
          </tr>
        </thead>
        <tbody>
          {list?.nodes.map((node) => (
            <Row key={node.node} node={node} isThis={node.node === list.this} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ node, isThis }: { readonly node: NodeInfo; readonly isThis: boolean }) {
  const { node: name, place, started_at: startedAt, owns, guests } = node;
  const isServing = node.condition === "serving";
  return (
    <tr>
      <th scope="row">
        <a href={hrefTo(`/nodes/${segment(name)}`)}>{place}</a>
        {isThis && <span class="about"> answers this page</span>}
      </th>
      <td>
        <Condition node={node} />
      </td>
      <td>
        <Age of={startedAt} /> ago
      </td>
      <td class="number">{isServing ? renderCount(node.subscribers) : "—"}</td>
      <td class="number">{isServing ? renderBytes(node.memory_bytes) : "—"}</td>
      <td>
        {isServing ? counted(owns.length, "duty", "duties") : "—"}
        {isServing && guests > 0 && `, ${counted(guests, "simulated guest")}`}
      </td>
    </tr>
  );
}

export function Condition({ node: { condition, seen_at: seenAt } }: { readonly node: NodeInfo }) {
  const names = { serving: "live", silent: "waiting", stopped: "paused" } as const;
  return (
    <>
      <span class={`badge ${names[condition]}`}>{condition}</span>
      {condition !== "serving" && (
        <span class="about">
          {" "}
          since <Age of={seenAt} />
        </span>
      )}
    </>
  );
}
