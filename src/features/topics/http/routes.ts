/** Topics: list, make, append, page, SSE. */
import type { Context, Hono } from "hono";
import { z } from "zod";
import { Failure } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json.ts";
import type { TopicInfo } from "../../../core/log.ts";
import type { RecordDecoder } from "../../../core/schemas.ts";
import { parsePageQuery } from "../../../core/page.ts";
import { comparePositions, renderPosition } from "../../../core/position.ts";
import { parseName, schemaRules, type TopicSettings } from "../../../core/topic.ts";
import { writableTopic } from "../writable.ts";
import { readPage } from "../../../log/pages.ts";
import { appendResponse, jsonResponse } from "../../../http/answers.ts";
import { appendOptions } from "../../../http/append-options.ts";
import { readBody } from "../../../http/body.ts";
import { parseDecode, type DecodedFormats } from "../../../http/decoded.ts";
import { renderPage } from "../../../http/events.ts";
import { offeredRecords, parseSchemaId } from "../../../http/request-records.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { parseStart, topicStart } from "../../../http/start.ts";
import { lateSseResponse, sseResponse } from "../../../http/streaming.ts";
import { parseWith } from "../../../http/validate.ts";

interface TopicDeps extends Pick<HttpDeps, "hub" | "host" | "ingest" | "limits" | "log"> {
  readonly schemas: RecordDecoder;
  readonly decoded: DecodedFormats;
  /** Settings of a topic whose creator leaves them out. */
  readonly newTopics: TopicSettings;
}

export function mountTopics(app: Hono, deps: TopicDeps): void {
  const { log, schemas, decoded } = deps;
  const path = "/v1/topics/:topic" as const;

  app.get("/v1/topics", async (c) => c.json({ topics: (await log.list()).map(describe) }));
  app.put(path, async (c) => {
    const name = writableTopic(c.req.param("topic"));
    const settings = await requestedSettings(c, deps);
    const known = await log.describe(name);
    return c.json(describe(await log.create(name, settings)), known === undefined ? 201 : 200);
  });
  app.get(path, async (c) => {
    const name = parseName(c.req.param("topic"), "topic");
    const topic = await log.describe(name);
    if (topic === undefined) throw new Failure("not_found", `There is no topic "${name}"`);
    return c.json(describe(topic));
  });
  app.delete(path, async (c) => {
    await log.remove(writableTopic(c.req.param("topic")));
    return c.body(null, 204);
  });
  app.post(`${path}/records`, async (c) => {
    const topic = writableTopic(c.req.param("topic"));
    const { headers } = c.req.raw;
    const schemaId = parseSchemaId(headers.get("sluice-schema-id"));
    const body = await readBody(c.req.raw, deps.limits.bodyBytesMax);
    const key = c.req.query("key") ?? "";
    const offered = offeredRecords(body, headers.get("content-type"), key, schemaId);
    return appendResponse(await deps.ingest.append(topic, offered, appendOptions(c)));
  });
  app.get(`${path}/records`, async (c) => {
    const topic = parseName(c.req.param("topic"), "topic");
    const query = parsePageQuery({
      after: c.req.query("after"),
      before: c.req.query("before"),
      limit: c.req.query("limit"),
    });
    const isDecoded = parseDecode(c.req.query("decode"));
    const page = await readPage(log, topic, c.req.query("key"), query, c.req.raw.signal);
    if (!isDecoded) return jsonResponse(renderPage(page));
    const records = await schemas.decode(page.events.map(({ record }) => record));
    return jsonResponse(renderPage(page, records));
  });
  const stream = async (c: Context) => {
    const topic = parseName(c.req.param("topic") ?? "", "topic");
    const key = c.req.query("key");
    const query = new URL(c.req.url).searchParams;
    const isDecoded = parseDecode(query.get("decode"));
    const requested = parseStart(c.req.header("last-event-id"), query);
    const start = await topicStart(log, topic, key, requested);
    if (isDecoded) return lateSseResponse(deps, topic, key, start, decoded.sse);
    return sseResponse(deps, topic, key, start);
  };
  app.get(`${path}/sse`, stream);
  app.get("/sse/topics/:topic", stream);
}

const settingsBody = z.strictObject({
  layout: z.enum(["records", "frames"]).optional(),
  retention_ms: z.int().min(0).optional(),
  retention_bytes: z.int().min(0).optional(),
  schema: z.enum(schemaRules).optional(),
});

async function requestedSettings(
  c: Context,
  { limits, newTopics }: TopicDeps,
): Promise<TopicSettings> {
  const body = await readBody(c.req.raw, limits.bodyBytesMax);
  if (body.byteLength === 0) return newTopics;
  const json = checkJson(body);
  if (!json.ok) throw new Failure("invalid", json.message);
  const given = parseWith(settingsBody, JSON.parse(new TextDecoder().decode(body)));
  return {
    layout: given.layout ?? newTopics.layout,
    retentionMs: given.retention_ms ?? newTopics.retentionMs,
    retentionBytes: given.retention_bytes ?? newTopics.retentionBytes,
    schema: given.schema ?? newTopics.schema,
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
    // `after` this position reads everything that is kept.
    start: renderPosition(bounds.start),
    end: empty ? null : renderPosition(bounds.end),
  };
}
