/** Topics: listed, created, changed, described, removed. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { visibleList } from "../../../core/access/visible-list.ts";
import { Failure } from "../../../core/failure.ts";
import type { TopicInfo } from "../../../core/log.ts";
import type {
  TopicActivity,
  TopicConsumer,
  TopicFigures,
  TopicUse,
} from "../../../core/metrics/topic-figures.ts";
import { comparePositions, parsePosition, renderPosition } from "../../../core/position.ts";
import type { RecordChecks } from "../../../core/schemas.ts";
import { parseName, type TopicSettings } from "../../../core/topic.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { readOptionalJson } from "../../../http/validate.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import type { Topics } from "../../../ingest/topics.ts";
import { previewRule } from "../change-preview.ts";
import { TopicIndex } from "../topic-index.ts";
import * as endpoints from "./topic-endpoints.ts";

export interface TopicDeps extends Pick<HttpDeps, "bodies" | "turns" | "log" | "clock" | "pages"> {
  readonly checks: RecordChecks;
  readonly topics: Topics;
  readonly rules: TopicRules;
  /** Called once all parts are open. */
  readonly figures: () => TopicFigures;
  /** What is configured to read topics or to write to them. */
  readonly uses: () => Promise<readonly TopicUse[]>;
}

export function mountTopics(app: Hono, deps: TopicDeps): void {
  const { log, topics, rules, bodies, figures } = deps;
  mountTopicList(app, deps);

  serve(app, endpoints.createTopic, async ({ params }, c) => {
    const given = await readOptionalJson(endpoints.settingsBody, c.req.raw, bodies);
    const { created, topic } = await topics.put(
      params.topic,
      settingsFrom(given ?? {}),
      callerOf(c.req.raw),
    );
    return reply(endpoints.createTopic, created ? 201 : 200, describe(topic, rules));
  });
  serve(app, endpoints.previewTopicChange, async ({ params }, c) => {
    const caller = callerOf(c.req.raw);
    const given = settingsFrom(
      (await readOptionalJson(endpoints.settingsBody, c.req.raw, bodies)) ?? {},
    );
    rules.requireRead(params.topic, undefined, caller);
    const { topic, changed } = await topics.changes(params.topic, given, caller);
    const rule = changed.includes("schema") ? (given.schema ?? "none") : "none";
    const { checked, refused, newest } = await previewRule(
      deps,
      topic.name,
      rule,
      c.req.raw.signal,
    );
    return reply(endpoints.previewTopicChange, 200, {
      changes: changed.map((member) => publicNames[member]),
      checked,
      refused,
      newest_refusal:
        newest === undefined
          ? null
          : {
              position: renderPosition(newest.position),
              field: newest.issue.field,
              message: newest.issue.message,
            },
    });
  });
  serve(app, endpoints.describeTopic, async ({ params: { topic } }, c) => {
    const info = await existing(topic, callerOf(c.req.raw));
    return reply(endpoints.describeTopic, 200, describe(info, rules));
  });
  serve(app, endpoints.removeTopic, async ({ params: { topic } }, c) => {
    await topics.remove(topic, callerOf(c.req.raw));
    await figures().forget(topic);
    return c.body(null, 204);
  });
  serve(app, endpoints.readActivity, async ({ query }, c) => {
    const caller = callerOf(c.req.raw);
    const names = query.topics.filter((name) => rules.mayRead(name, caller));
    const [activity, lags] = await Promise.all([
      figures().activity(names),
      lagsOf(figures(), new Set(names), caller),
    ]);
    const worst = await Promise.all(names.map((name) => worstLag(log, name, lags)));
    return reply(endpoints.readActivity, 200, {
      topics: names.map((topic, i) => renderActivity(topic, activity.get(topic), worst[i] ?? null)),
    });
  });
  serve(app, endpoints.aboutTopic, async ({ params: { topic } }, c) => {
    const caller = callerOf(c.req.raw);
    const info = await existing(topic, caller);
    const [activity, readers, consumers, uses] = await Promise.all([
      figures().activity([topic]),
      figures().readers(topic),
      lagsOf(figures(), new Set([topic]), caller),
      deps.uses(),
    ]);
    const lags = consumers.map((consumer) => renderLag(consumer, info));
    const worst = lags.toSorted((a, b) => b.lag_s - a.lag_s)[0] ?? null;
    return reply(endpoints.aboutTopic, 200, {
      topic: describe(info, rules),
      activity: renderActivity(topic, activity.get(topic), worst),
      readers: [...readers],
      lags,
      uses: uses
        .filter((use) => use.topic === topic && isUseVisible(use, caller))
        .map(({ kind, name, does }) => ({ kind, name, does })),
    });
  });

  async function existing(topic: string, caller: Caller): Promise<TopicInfo> {
    rules.requireRead(topic, undefined, caller);
    const info = await log.describe(topic);
    if (info === undefined) throw new Failure("not_found", `There is no topic "${topic}"`);
    return info;
  }
}

/** What reads these topics: projections, and the rules that the caller may read. */
async function lagsOf(
  figures: TopicFigures,
  names: ReadonlySet<string>,
  caller: Caller,
): Promise<readonly TopicConsumer[]> {
  return (await figures.consumers()).filter(
    ({ topic, kind, name }) =>
      names.has(topic) && (kind === "projection" || caller.may("read", "rule", name)),
  );
}

function mountTopicList(app: Hono, deps: TopicDeps): void {
  const { log, rules, turns } = deps;
  const index = new TopicIndex(deps);
  serve(app, endpoints.listTopics, async ({ query }, c) => {
    const caller = callerOf(c.req.raw);
    const { after, limit, q, sort, internal, holds } = query;
    const described = (infos: readonly TopicInfo[]) => infos.map((info) => describe(info, rules));
    if (q === undefined && holds === undefined && sort === "name" && internal === "1") {
      const { items, last } = await visibleList(
        { after: after === undefined ? undefined : parseName(after, "after"), limit },
        (range) => log.list(range),
        ({ name }) => name,
        ({ name }) => rules.mayRead(name, caller),
      );
      return reply(endpoints.listTopics, 200, {
        topics: described(items),
        next: last?.name ?? null,
      });
    }
    const text = q?.toLowerCase() ?? "";
    const { items, next } = await index.page({
      sort,
      after,
      limit,
      turn: turns.open(c.req.raw.signal),
      isShown: ({ name, bounds }) =>
        name.toLowerCase().includes(text) &&
        (holds === undefined || holds.epoch === bounds.epoch) &&
        (internal === "1" || !rules.isInternal(name)) &&
        rules.mayRead(name, caller),
    });
    return reply(endpoints.listTopics, 200, { topics: described(items), next });
  });
}

function isUseVisible({ kind, name }: TopicUse, caller: Caller): boolean {
  return kind === "relation" || caller.may("read", "rule", name);
}

async function worstLag(
  log: TopicDeps["log"],
  topic: string,
  lags: readonly TopicConsumer[],
): Promise<ReturnType<typeof renderLag> | null> {
  const [worst] = lags.filter((lag) => lag.topic === topic).toSorted((a, b) => b.lagMs - a.lagMs);
  return worst === undefined ? null : renderLag(worst, await log.describe(topic));
}

function renderLag(
  { kind, name, node, lagMs, lagBeforeMs, position }: TopicConsumer,
  info: TopicInfo | undefined,
) {
  const at = position === undefined ? undefined : parsePosition(position);
  const isSame = at !== undefined && info?.bounds.epoch === at.epoch;
  return {
    consumer: kind === "rule" ? `rule ${name}` : name,
    node,
    lag_s: lagMs / 1000,
    lag_before_s: lagBeforeMs / 1000,
    lag_entries: isSame ? Math.max(0, info.bounds.end.sequence - at.sequence) : null,
  };
}

function renderActivity(
  topic: string,
  activity: TopicActivity | undefined,
  lag: ReturnType<typeof renderLag> | null,
) {
  const lastMs = activity?.lastMs;
  return {
    topic,
    records_per_s: activity?.recordsPerS ?? 0,
    bytes_per_s: activity?.bytesPerS ?? 0,
    refused_per_s: activity?.refusedPerS ?? 0,
    last_record: lastMs === undefined ? null : new Date(lastMs).toISOString(),
    lag,
  };
}

/** Settings as callers name them. */
const publicNames = {
  retentionMs: "retention_ms",
  retentionBytes: "retention_bytes",
  schema: "schema",
} as const;

function settingsFrom({
  layout,
  retention_ms: retentionMs,
  retention_bytes: retentionBytes,
  schema,
}: endpoints.GivenSettings): Partial<TopicSettings> {
  return {
    ...(layout === undefined ? {} : { layout }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(retentionBytes === undefined ? {} : { retentionBytes }),
    ...(schema === undefined ? {} : { schema }),
  };
}

function describe(
  { name, settings, bounds, bytes }: TopicInfo,
  rules: Pick<TopicRules, "isInternal">,
) {
  const empty = comparePositions(bounds.start, bounds.end) === 0;
  return {
    name,
    layout: settings.layout,
    retention_ms: settings.retentionMs,
    retention_bytes: settings.retentionBytes,
    schema: settings.schema,
    internal: rules.isInternal(name),
    bytes,
    start: renderPosition(bounds.start),
    end: empty ? null : renderPosition(bounds.end),
  };
}
