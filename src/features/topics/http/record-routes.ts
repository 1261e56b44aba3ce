/** One record: with all that is known of it, and as bytes. */

import type { Hono } from "hono";
import { Semaphore } from "../../../core/budget/semaphore.ts";
import { Failure } from "../../../core/failure.ts";
import type { RecordFilters } from "../../../core/filter/record-filter.ts";
import { checkAfter } from "../../../core/page.ts";
import { renderPosition } from "../../../core/position.ts";
import { jsonType, type StoredRecord } from "../../../core/record.ts";
import type { RecordDecoder, SubjectsOfSchemas } from "../../../core/schemas.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { fileResponse } from "../../../http/export/file.ts";
import { exportedGroups } from "../../../http/export/gather.ts";
import { recordFormats } from "../../../http/export/records.ts";
import { recordAt, valueResponse } from "../../../http/records/record.ts";
import { renderRecords } from "../../../http/records/renderer.ts";
import { jsonResponse } from "../../../http/responses.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import { exportRecords, readRecord, readValue } from "./record-endpoints.ts";

/** They share one event loop, and each keeps a few megabytes. */
const exportsMax = 4;

interface RecordDeps extends Pick<HttpDeps, "log" | "turns" | "clock" | "answers" | "stallMs"> {
  readonly filters: RecordFilters;
  readonly rules: TopicRules;
  readonly schemas: RecordDecoder & SubjectsOfSchemas;
}

export function mountOneRecord(app: Hono, deps: RecordDeps): void {
  const { log, rules, schemas, filters } = deps;
  const exports = new Semaphore(exportsMax, {
    waitingMax: 0,
    refusal: `Cannot export more: ${exportsMax} exports run on this node, expected fewer at once`,
  });

  serve(app, readRecord, async ({ params, query }, c) => {
    const { key, decode, value_bytes: valueBytes } = query;
    const by = callerOf(c.req.raw);
    const topic = rules.requireRead(params.topic, key, by);
    const { signal } = c.req.raw;
    const stored = await recordAt(log, topic, { key, position: params.position, signal });
    const form = { details: true, valueBytes, decode: decode !== undefined };
    const [text = ""] = await renderRecords(deps, [stored], form, by);
    return jsonResponse(text);
  });

  serve(app, readValue, async ({ params, query: { key, decode, offset = 0, length } }, c) => {
    const topic = rules.requireRead(params.topic, key, callerOf(c.req.raw));
    const { position } = params;
    const { signal } = c.req.raw;
    const stored = await recordAt(log, topic, { key, position, signal });
    const name = `${topic}-${renderPosition(position)}`;
    if (decode === undefined) {
      const { value, contentType } = stored.record;
      return valueResponse(value, contentType, name, { offset, length });
    }
    const text = new TextEncoder().encode(await decodedText(schemas, stored));
    return valueResponse(text, jsonType, `${name}.json`, { offset, length });
  });

  serve(app, exportRecords, async ({ params, query }, c) => {
    const by = callerOf(c.req.raw);
    const { key, after = "earliest", from, decode, format } = query;
    const topic = rules.requireRead(params.topic, key, by);
    const filter = await filters.compile(query);
    const { start, end } = await log.bounds(topic);
    const place =
      after === "earliest" && from !== undefined ? await log.positionAt(topic, from) : after;
    if (typeof place !== "string") checkAfter(place, start, end);
    const permit = await exports.acquire();
    const leaving = new AbortController();
    const signal = AbortSignal.any([leaving.signal, c.req.raw.signal]);
    const { contentType, extension } = recordFormats[format];
    const groups = exportedGroups(log, {
      ...{ topic, key, after: place, until: end, filter, signal },
      decoder: decode === undefined ? undefined : schemas,
      turn: deps.turns.open(signal),
    });
    const file = {
      contentType,
      name: `${topic}.${extension}`,
      chunks: recordFormats[format].write(groups),
    };
    return await fileResponse(deps, file, by, () => {
      leaving.abort();
      permit[Symbol.dispose]();
    });
  });
}

async function decodedText(schemas: RecordDecoder, { record }: StoredRecord): Promise<string> {
  const [decoded] = await schemas.decode([record]);
  if (decoded === undefined) {
    throw new Failure("invalid", "Cannot decode the record: it names no schema");
  }
  if ("issue" in decoded) {
    throw new Failure("invalid", decoded.issue.message, { errors: [decoded.issue] });
  }
  return decoded.json;
}
