/** The node as one line of facts. */

import { renderBytes, renderCount, renderDuration } from "../format.ts";
import type { Me } from "../me.ts";
import { gatewayUrl } from "../root.ts";
import type { Status } from "./gateway.ts";

export function NodeBar({
  status,
  failure,
  me,
}: {
  readonly status: Status | undefined;
  readonly failure: string | undefined;
  readonly me: Me | undefined;
}) {
  return (
    <header class="bar">
      <a class="brand" href="#">
        <img src={gatewayUrl("/ui/assets/icon.svg").href} alt="" width="26" height="26" />
        Sluice
      </a>
      <span class={`badge ${failure === undefined ? "live" : "refused"}`} role="status">
        {failure === undefined ? (status?.status ?? "…") : failure}
      </span>
      <dl class="facts">
        <Fact name="Log" value={status?.log} />
        <Fact
          name="Up"
          value={status?.uptime_s === undefined ? undefined : renderDuration(status.uptime_s)}
        />
        <Fact
          name="Memory"
          value={status?.memory_bytes === undefined ? undefined : renderBytes(status.memory_bytes)}
        />
        <Fact name="Subscriptions" value={count(status?.hub?.["subscriptions"])} />
        <Fact name="Guests on this node" value={count(status?.emitters?.["guests"])} />
        <Fact name="Node" value={status?.node?.slice(0, 8)} />
      </dl>
      {me?.closed === true && (
        <a class="docs" href={gatewayUrl("/login").href} title="Sign in with another key, or out">
          {me.kind === "anonymous" ? "Sign in" : me.name}
        </a>
      )}
      <a class="docs" href={gatewayUrl("/livedoc").href}>
        API
      </a>
    </header>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | undefined }) {
  if (value === undefined) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function count(value: unknown): string | undefined {
  return typeof value === "number" ? renderCount(value) : undefined;
}
