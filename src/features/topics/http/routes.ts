/** Records of topics: appended, read by page and SSE. */

import type { Hono } from "hono";
import type { RecordFilters } from "../../../core/filter/record-filter.ts";
import type { RecordHeaders } from "../../../core/record.ts";
import type { RecordDecoder, SubjectsOfSchemas } from "../../../core/schemas.ts";
import { traceHeaders, traceparentHeader } from "../../../core/trace/trace.ts";
import { callerOf } from "../../../http/access.ts";
import { answerPage } from "../../../http/answers/page.ts";
import type { DecodedFormats } from "../../../http/decoded.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { appendOptions } from "../../../http/endpoint/appending.ts";
import { type GivenOf, serve } from "../../../http/endpoint/endpoint.ts";
import { requestedStart } from "../../../http/endpoint/starting.ts";
import { type HotRoute, hotRoute } from "../../../http/hot.ts";
import { answerScan } from "../../../http/records/page.ts";
import { formOf, pageQueryFrom, startFrom } from "../../../http/records/query.ts";
import {
  clientOf,
  contentTypeOf,
  incomingRecords,
  isOneRecord,
} from "../../../http/request-records.ts";
import { appendResponse, previewResponse } from "../../../http/responses.ts";
import { sseFormat } from "../../../http/sse.ts";
import { asyncFormatSseResponse, sseResponse, topicStart } from "../../../http/streaming.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import { topicNotFound } from "../../../log/answers.ts";
import type { PageCaller } from "../../../log/pages.ts";
import * as endpoints from "./endpoints.ts";

interface RecordDeps extends Pick<
  HttpDeps,
  "hub" | "host" | "ingest" | "bodies" | "turns" | "log" | "pages" | "answers" | "clock" | "stallMs"
> {
  readonly rules: TopicRules;
  readonly schemas: RecordDecoder & SubjectsOfSchemas;
  readonly decoded: DecodedFormats;
  readonly filters: RecordFilters;
}

type AppendDeps = Pick<RecordDeps, "log" | "rules" | "ingest" | "bodies" | "turns">;

export function mountRecords(app: Hono, deps: RecordDeps): void {
  const { log, rules, schemas, filters, pages } = deps;

  const append = appendRecords(deps);
  serve(app, endpoints.appendRecords, (given, c) => append(given, c.req.raw));
  serve(app, endpoints.readTopic, async ({ params: { topic }, query }, c) => {
    const by = callerOf(c.req.raw);
    rules.requireRead(topic, query.key, by);
    const filter = await filters.compile(query);
    const requested = await pageQueryFrom(query, (ns) => log.positionAt(topic, ns));
    const { signal } = c.req.raw;
    const form = formOf(query);
    if (filter !== undefined || form.details || form.valueBytes !== undefined) {
      const { key } = query;
      return await answerScan(deps, {
        ...{ topic, key, query: requested, filter, form, caller: by, signal },
      });
    }
    const read = (caller: PageCaller) => pages.read(topic, query.key, requested, caller);
    const decoder = query.decode === undefined ? undefined : decoderOf(schemas, topic);
    return await answerPage(deps, requested, signal, read, decoder);
  });
  for (const watch of [endpoints.watchTopic, endpoints.watchTopicToo]) {
    serve(app, watch, async ({ params: { topic }, query, headers }, c) => {
      const { key, decode, heartbeat: heartbeats } = query;
      const caller = callerOf(c.req.raw);
      rules.requireRead(topic, key, caller);
      const filter = await filters.compile(query);
      const requested = await startFrom(requestedStart(query, headers), query.from, (ns) =>
        log.positionAt(topic, ns),
      );
      const start = await topicStart(pages, topic, key, requested, c.req.raw.signal);
      const reader = { caller, heartbeats };
      if (decode === undefined && filter === undefined) {
        return await sseResponse(deps, topic, key, start, reader);
      }
      const format = decode === undefined ? sseFormat : deps.decoded.sse;
      return await asyncFormatSseResponse(deps, topic, key, start, { format, filter, ...reader });
    });
  }
}

/** Appends are served before the router as well as by it. */
export function recordHotRoutes(deps: AppendDeps): readonly HotRoute[] {
  return [hotRoute(endpoints.appendRecords, appendRecords(deps))];
}

function appendRecords({ log, rules, ingest, bodies, turns }: AppendDeps) {
  return async (
    { params: { topic }, query, headers }: GivenOf<typeof endpoints.appendRecords>,
    request: Request,
  ): Promise<Response> => {
    const caller = callerOf(request);
    // Before the body is read, although `append` asks as well.
    rules.require(topic, "append", caller);
    const contentType = contentTypeOf(request);
    // Megabytes that are refused anyway are not read.
    const bytesMax = isOneRecord(contentType)
      ? Math.min(ingest.recordBytesMax, bodies.bytesMax)
      : bodies.bytesMax;
    const body = await bodies.read(request, bytesMax);
    const records = await incomingRecords(body, contentType, {
      turn: turns.open(clientOf(request)),
      recordBytesMax: ingest.recordBytesMax,
      key: query.key ?? "",
      schemaId: headers["Sluice-Schema-Id"] ?? 0,
      headers: recordHeaders(
        headers["Sluice-Record-Headers"],
        traceHeaders(request.headers.get(traceparentHeader)),
      ),
    });
    if (query.dry_run) {
      const isNew = (await log.describe(topic)) === undefined;
      if (isNew && !ingest.createsTopics) throw topicNotFound(topic);
      return previewResponse(await ingest.preview(topic, records, caller));
    }
    return appendResponse(await ingest.append(topic, records, caller, appendOptions(headers)));
  };
}

/** Notes which schemas the topic's records have. */
function decoderOf(schemas: RecordDecoder, topic: string): RecordDecoder {
  return { decode: (records) => schemas.decode(records, topic) };
}

/** Undefined for most records, which have no headers. */
function recordHeaders(
  given: RecordHeaders | undefined,
  traced: RecordHeaders | undefined,
): RecordHeaders | undefined {
  return given === undefined ? traced : { ...given, ...traced };
}
