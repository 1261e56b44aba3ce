/** What is wrong now, over all nodes, in words. */

import type { Caller } from "../../core/access/caller.ts";
import type { BoundedMap } from "../../core/budget/bounded-map.ts";
import type { TopicRules } from "../../ingest/topic-rules.ts";
import type { Concern, KnownNode, Problem } from "./node.ts";

/** A problem as it is found: since when it is there, its finder does not know. */
export type Finding = Omit<Problem, "sinceMs">;

/** Since when each problem of this node is there. */
export class Since {
  #sinceMs: ReadonlyMap<string, number> = new Map();

  /** The findings of now; one that was not among the last ones began now. */
  of(findings: readonly Finding[], nowMs: number): readonly Problem[] {
    const sinceMs = new Map(
      findings.map((finding) => [keyOf(finding), this.#sinceMs.get(keyOf(finding)) ?? nowMs]),
    );
    this.#sinceMs = sinceMs;
    return findings.map((finding) => ({
      ...finding,
      sinceMs: sinceMs.get(keyOf(finding)) ?? nowMs,
    }));
  }
}

/** Of all nodes: what several report is one problem, since the first of them reported it. */
export function problemsOf(
  nodes: readonly KnownNode[],
  own: readonly Problem[],
): readonly Problem[] {
  const said = nodes.flatMap(({ condition, state }) =>
    condition === "serving" ? state.problems : [],
  );
  const silent = nodes.filter(({ condition }) => condition === "silent").map(silentNode);
  const byKey = new Map<string, Problem>();
  for (const problem of [...own, ...said, ...silent]) {
    const known = byKey.get(keyOf(problem));
    if (known === undefined || problem.sinceMs < known.sinceMs) {
      byKey.set(keyOf(problem), problem);
    }
  }
  return [...byKey.values()].toSorted((a, b) => a.sinceMs - b.sinceMs);
}

/** Whether the caller may read the rule and the topic that it names. */
export function isReadable(
  { about, topic }: Pick<Problem, "about" | "topic">,
  caller: Caller,
  rules: Pick<TopicRules, "mayRead">,
): boolean {
  if (about.kind === "rule" && !caller.may("read", "rule", about.name)) return false;
  return topic === undefined || rules.mayRead(topic, caller);
}

function silentNode({ node, seenMs, state }: KnownNode): Problem {
  return {
    kind: "node_silent",
    about: { kind: "node", name: node },
    message: `The node at ${state.place} does not answer, and it did not say that it stops`,
    sinceMs: seenMs,
  };
}

function keyOf({ kind, about }: { readonly kind: string; readonly about: Concern }): string {
  return `${kind} ${about.kind} ${about.name}`;
}

/** A topic's refusals of the last minute. */
export interface Refusals {
  readonly atMs: number;
  readonly records: number;
  readonly message: string;
}

const recentMs = 60_000;

/** Topics that refused records within the last minute. */
export function refusingTopics(
  refusals: BoundedMap<string, readonly Refusals[]>,
  nowMs: number,
): readonly Finding[] {
  const findings: Finding[] = [];
  // A copy: setting an entry moves it to the end.
  for (const [topic, all] of [...refusals]) {
    const recent = all.filter(({ atMs }) => atMs > nowMs - recentMs);
    const last = recent.at(-1);
    if (last === undefined) {
      refusals.delete(topic);
      continue;
    }
    refusals.set(topic, recent);
    const records = recent.reduce((sum, one) => sum + one.records, 0);
    findings.push({
      kind: "topic_refuses",
      about: { kind: "topic", name: topic },
      topic,
      message: `Topic "${topic}" refused ${records} ${records === 1 ? "record" : "records"} within the last minute. The last one: ${last.message}`,
    });
  }
  return findings;
}
