/** Topics: listed, created, appended to, read by page and SSE. */

import type { Hono } from "hono";
import { visibleList } from "../../../core/access/visible-list.ts";
import { Failure } from "../../../core/failure.ts";
import type { TopicInfo } from "../../../core/log.ts";
import { comparePositions, renderPosition } from "../../../core/position.ts";
import type { RecordDecoder } from "../../../core/schemas.ts";
import type { TopicSettings } from "../../../core/topic.ts";
import { traceHeaders, traceparentHeader } from "../../../core/trace/trace.ts";
import { callerOf } from "../../../http/access.ts";
import { answerPage } from "../../../http/answers/page.ts";
import type { DecodedFormats } from "../../../http/decoded.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { appendOptions } from "../../../http/endpoint/appending.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { pageQuery } from "../../../http/endpoint/paging.ts";
import { requestedStart } from "../../../http/endpoint/starting.ts";
import { incomingRecords } from "../../../http/request-records.ts";
import { appendResponse } from "../../../http/responses.ts";
import { asyncFormatSseResponse, sseResponse, topicStart } from "../../../http/streaming.ts";
import { readOptionalJson } from "../../../http/validate.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import type { Topics } from "../../../ingest/topics.ts";
import type { PageCaller } from "../../../log/pages.ts";
import * as endpoints from "./endpoints.ts";

interface TopicDeps extends Pick<
  HttpDeps,
  "hub" | "host" | "ingest" | "bodies" | "turns" | "log" | "pages" | "answers" | "clock" | "stallMs"
> {
  readonly topics: Topics;
  readonly rules: TopicRules;
  readonly schemas: RecordDecoder;
  readonly decoded: DecodedFormats;
}

export function mountTopics(app: Hono, deps: TopicDeps): void {
  const { log, topics, rules, schemas, ingest, bodies, turns, pages } = deps;

  serve(app, endpoints.listTopics, async ({ query }, c) => {
    const caller = callerOf(c.req.raw);
    const { items, last } = await visibleList(
      query,
      (range) => log.list(range),
      ({ name }) => name,
      ({ name }) => rules.mayRead(name, caller),
    );
    const next = last?.name ?? null;
    return reply(endpoints.listTopics, 200, { topics: items.map(describe), next });
  });
  serve(app, endpoints.createTopic, async ({ params }, c) => {
    const given = await readOptionalJson(endpoints.settingsBody, c.req.raw, bodies);
    const { created, topic } = await topics.put(
      params.topic,
      settingsFrom(given ?? {}),
      callerOf(c.req.raw),
    );
    return reply(endpoints.createTopic, created ? 201 : 200, describe(topic));
  });
  serve(app, endpoints.describeTopic, async ({ params: { topic } }, c) => {
    rules.requireRead(topic, undefined, callerOf(c.req.raw));
    const info = await log.describe(topic);
    if (info === undefined) throw new Failure("not_found", `There is no topic "${topic}"`);
    return reply(endpoints.describeTopic, 200, describe(info));
  });
  serve(app, endpoints.removeTopic, async ({ params: { topic } }, c) => {
    await topics.remove(topic, callerOf(c.req.raw));
    return c.body(null, 204);
  });
  serve(app, endpoints.appendRecords, async ({ params, query: { key = "" }, headers }, c) => {
    const { topic } = params;
    const caller = callerOf(c.req.raw);
    // Before the body is read, although `append` asks as well.
    rules.require(topic, "append", caller);
    const body = await bodies.read(c.req.raw);
    const records = await incomingRecords(body, c.req.header("content-type"), {
      turn: turns.open(c.req.raw.signal),
      recordBytesMax: ingest.recordBytesMax,
      key,
      schemaId: headers["Sluice-Schema-Id"] ?? 0,
      headers: traceHeaders(c.req.header(traceparentHeader)),
    });
    return appendResponse(await ingest.append(topic, records, caller, appendOptions(headers)));
  });
  serve(app, endpoints.readTopic, async ({ params: { topic }, query }, c) => {
    rules.requireRead(topic, query.key, callerOf(c.req.raw));
    const requested = pageQuery(query);
    const { signal } = c.req.raw;
    const read = (caller: PageCaller) => pages.read(topic, query.key, requested, caller);
    const decoder = query.decode === undefined ? undefined : schemas;
    return await answerPage(deps, requested, signal, read, decoder);
  });
  for (const watch of [endpoints.watchTopic, endpoints.watchTopicToo]) {
    serve(app, watch, async ({ params: { topic }, query, headers }, c) => {
      const { key, decode, heartbeat: heartbeats } = query;
      const caller = callerOf(c.req.raw);
      rules.requireRead(topic, key, caller);
      const requested = requestedStart(query, headers);
      const start = await topicStart(pages, topic, key, requested, c.req.raw.signal);
      const reader = { caller, heartbeats };
      if (decode === undefined) return await sseResponse(deps, topic, key, start, reader);
      return await asyncFormatSseResponse(deps, topic, key, start, deps.decoded.sse, reader);
    });
  }
}

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

function describe({ name, settings, bounds, bytes }: TopicInfo) {
  const empty = comparePositions(bounds.start, bounds.end) === 0;
  return {
    name,
    layout: settings.layout,
    retention_ms: settings.retentionMs,
    retention_bytes: settings.retentionBytes,
    schema: settings.schema,
    bytes,
    start: renderPosition(bounds.start),
    end: empty ? null : renderPosition(bounds.end),
  };
}
