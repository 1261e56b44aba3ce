/** What is wrong with this node, and with what it works on. */

import { failureFrom } from "../../core/failure.ts";
import type { Finding } from "../../features/nodes/problems.ts";
import type { Part, Platform } from "../../features/part.ts";
import type { ProjectionStatus } from "../../projection/projection.ts";
import type { Projections } from "../projections.ts";
import type { WatchedLog } from "../watched-log.ts";
import { type BoundDeps, boundFindings } from "./bounds.ts";

export interface FindingsDeps
  extends BoundDeps, Pick<Platform, "clock" | "databaseClock" | "sockets"> {
  readonly log: WatchedLog;
  readonly projections: Projections;
}

const behindMsMin = 10_000;
const slowForMs = 5 * 60_000;
const failingForMs = 60_000;
const clockMsMax = 2000;

/** `parts` is called once all parts are open. */
export function createFindings(
  deps: FindingsDeps,
  parts: () => readonly Part[],
): () => Promise<readonly Finding[]> {
  const { node, clock, hub, log, projections, databaseClock } = deps;
  const failures = new Map<string, { readonly count: number; readonly atMs: number }>();
  let slow = { count: 0, atMs: -Infinity };

  function projectionFindings(nowMs: number): readonly Finding[] {
    return projections.status().flatMap((status) => {
      const { name, owned, lagMs, failures: count, lastFailure } = status;
      if (!owned) return [];
      const known = failures.get(name);
      if (known === undefined || count > known.count) {
        failures.set(name, { count, atMs: known === undefined ? -Infinity : nowMs });
      }
      const failedMs = failures.get(name)?.atMs ?? -Infinity;
      if (nowMs - failedMs < failingForMs) {
        const why = `Projection "${name}" fails and is retried: ${lastFailure ?? "no reason is known"}`;
        return [about(status, "projection_fails", why)];
      }
      if (lagMs < behindMsMin) return [];
      const seconds = Math.round(lagMs / 1000);
      const why = `Projection "${name}" is ${seconds} s behind topic "${status.topic}": pages and queries lack what came since`;
      return [about(status, "projection_behind", why)];
    });
  }

  async function logFindings(): Promise<readonly Finding[]> {
    const aboutNode = { kind: "node", name: node } as const;
    try {
      await log.ping();
    } catch (error) {
      const message = `The log does not answer: ${failureFrom(error).message}`;
      return [{ kind: "log_away", about: aboutNode, message }];
    }
    const { failingTopics, lastFailure } = log.appends();
    if (failingTopics === 0) return [];
    const message = `Appends to ${failingTopics} ${failingTopics === 1 ? "topic" : "topics"} fail: ${lastFailure}`;
    return [{ kind: "appends_fail", about: aboutNode, message }];
  }

  function slowFindings(nowMs: number): readonly Finding[] {
    const count = hub.counts.closedSlow + deps.sockets.status().closedSlow;
    if (count > slow.count) slow = { count, atMs: nowMs };
    if (nowMs - slow.atMs > slowForMs) return [];
    const message = `Subscribers were cut within the last five minutes, because they did not read in time; since its start this node has cut ${count}`;
    return [{ kind: "slow_subscribers", about: { kind: "node", name: node }, message }];
  }

  function clockFindings(): readonly Finding[] {
    const { aheadMs } = databaseClock;
    if (Math.abs(aheadMs) < clockMsMax) return [];
    const by = `${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? "ahead of" : "behind"}`;
    const rests = databaseClock.isTrusted ? "" : "; retention rests until the clock is set";
    const message = `This node's clock is ${by} the database's${rests}`;
    return [{ kind: "clock_differs", about: { kind: "node", name: node }, message }];
  }

  return async () => {
    const nowMs = clock.nowMs();
    return [
      ...(await logFindings()),
      ...projectionFindings(nowMs),
      ...slowFindings(nowMs),
      ...clockFindings(),
      ...(await boundFindings(deps, parts())),
      ...parts().flatMap((part) => part.problems?.() ?? []),
    ];
  };
}

function about(
  { name, topic }: ProjectionStatus,
  kind: "projection_fails" | "projection_behind",
  message: string,
): Finding {
  return { kind, about: { kind: "projection", name }, topic, message };
}
