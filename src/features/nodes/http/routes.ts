/** Nodes, their last hour, and what is wrong now. */

import type { Hono } from "hono";
import type { Clock } from "../../../core/clock.ts";
import { callerOf } from "../../../http/access.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import { axis, type Columns, columnsOf } from "../history.ts";
import { everyMs, type KnownNode, pointsMax } from "../node.ts";
import type { Nodes } from "../nodes.ts";
import { isReadable } from "../problems.ts";
import { listNodes, listProblems, readHistory } from "./endpoints.ts";

export interface NodesRouteDeps {
  readonly nodes: Nodes;
  readonly node: string;
  readonly clock: Clock;
  readonly rules: Pick<TopicRules, "mayRead">;
}

export function mountNodes(app: Hono, { nodes, node, clock, rules }: NodesRouteDeps): void {
  serve(app, listNodes, async () => {
    const { all, missing = null } = await nodes.list();
    return reply(listNodes, 200, { this: node, nodes: all.map(describe), missing });
  });
  serve(app, readHistory, async ({ query }) => {
    const nowMs = clock.nowMs();
    const times = axis(query.since ?? nowMs - pointsMax * everyMs, nowMs);
    const [known, points] = await Promise.all([
      nodes.list(),
      nodes.points(times.fromMs, query.node),
    ]);
    const shown = known.all.filter((one) => query.node === undefined || one.node === query.node);
    return reply(readHistory, 200, {
      every_s: everyMs / 1000,
      from: timeText(times.fromMs),
      spans: times.count,
      nodes: shown.map(({ node: name, condition, state: { place } }) => {
        const rows = points.all.filter((row) => row.node === name);
        return { node: name, place, condition, points: pointsOf(columnsOf(rows, times)) };
      }),
      missing: points.missing ?? known.missing ?? null,
    });
  });
  serve(app, listProblems, async (_, c) => {
    const caller = callerOf(c.req.raw);
    const { all, missing = null } = await nodes.problems();
    const problems = all
      .filter((problem) => isReadable(problem, caller, rules))
      .map(({ kind, about, message, sinceMs }) => ({
        kind,
        about,
        message,
        since: timeText(sinceMs),
      }));
    return reply(listProblems, 200, { problems, missing });
  });
}

function describe({ node, startedMs, seenMs, condition, state }: KnownNode) {
  return {
    node,
    place: state.place,
    condition,
    version: state.version,
    runtime: state.runtime,
    log: state.log,
    started_at: timeText(startedMs),
    seen_at: timeText(seenMs),
    memory_bytes: state.memoryBytes,
    guests: state.guests,
    subscribers: state.subscribers,
    owns: [...state.owns],
    projections: state.projections.map(({ name, topic, lagMs, lagBeforeMs }) => ({
      name,
      topic,
      lag_s: lagMs / 1000,
      lag_before_s: lagBeforeMs / 1000,
    })),
  };
}

function pointsOf(columns: Columns) {
  return {
    records_in: [...columns.recordsIn],
    bytes_in: [...columns.bytesIn],
    records_out: [...columns.recordsOut],
    bytes_out: [...columns.bytesOut],
    subscribers: [...columns.subscribers],
    lag_s: [...columns.lagS],
    lag_entries: [...columns.lagEntries],
    memory_bytes: [...columns.memoryBytes],
    loop_delay_ms: [...columns.loopDelayMs],
    refused: Object.fromEntries(
      Object.entries(columns.refused).map(([code, column]) => [code, [...column]]),
    ),
  };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
