/** Emitters: made by PUT, appended to by POST, read by page and SSE. The addresses are seed 004's. */
import type { Context, Hono } from "hono";
import { emittersTopic, type Emitter, emitterSources } from "../../../core/emitters.ts";
import { Failure, invalidField } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json.ts";
import { parsePageQuery } from "../../../core/page.ts";
import type { AppendOptions } from "../../../core/log.ts";
import { comparePositions, renderPosition } from "../../../core/position.ts";
import { parseName } from "../../../core/topic.ts";
import type { CreateRequest } from "../emitters.ts";
import type { Start } from "../../../hub/subscriber.ts";
import { z } from "zod";
import { appendResponse, jsonResponse } from "../../../http/answers.ts";
import { readBody } from "../../../http/body.ts";
import { renderPage } from "../../../http/events.ts";
import { offeredEvents } from "../../../http/request-records.ts";
import type { HttpParts } from "../../../http/parts.ts";
import { parseCount, parseFlag, parseStart } from "../../../http/start.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { parseWith } from "../../../http/validate.ts";

export function mountEmitters(app: Hono, parts: HttpParts): void {
  const { emitters } = parts;

  app.put("/log", async (c) => createResponse(parts, await wantedEmitter(c, parts)));
  app.put("/log/:id", async (c) => {
    const id = parseName(c.req.param("id"), "id");
    return createResponse(parts, { ...(await wantedEmitter(c, parts)), id });
  });
  app.get("/log", async (c) => {
    const limit = parseCount("limit", c.req.query("limit") ?? "100", 1000, 1);
    const ended = parseFlag("ended", c.req.query("ended"));
    const after = c.req.query("after");
    if (after !== undefined) parseName(after, "after");
    const found = await emitters.list({ after, limit, ended });
    return c.json({ emitters: found.emitters.map(describe), next: found.next });
  });
  app.post("/log/:id", async (c) => {
    const emitter = await standing(parts, c.req.param("id"));
    const body = await readBody(c.req.raw, parts.limits.bodyBytesMax);
    const offered = offeredEvents(body, c.req.raw.headers.get("content-type"), emitter.id);
    const options = emitterOptions(emitter.id, appendOptions(c));
    return appendResponse(await parts.ingest.append(emittersTopic, offered, options));
  });
  app.get("/log/:id", async (c) => {
    const id = parseName(c.req.param("id"), "id");
    const query = parsePageQuery({
      after: c.req.query("after"),
      before: c.req.query("before"),
      limit: c.req.query("limit"),
    });
    return jsonResponse(renderPage(await emitters.page(id, query, c.req.raw.signal)));
  });
  app.delete("/log/:id", async (c) => {
    const emitter = await emitters.end(parseName(c.req.param("id"), "id"));
    return c.json(describe(emitter));
  });
  app.get("/sse/log/:id", (c) => stream(c, parts));
  app.get("/log/sse/:id", (c) => stream(c, parts));
  app.get("/v1/emitters/:id", async (c) => {
    const id = parseName(c.req.param("id"), "id");
    const emitter = await emitters.get(id);
    const { node, events, last } = await emitters.stats(id);
    return c.json({
      ...describe(emitter),
      ...(node === undefined ? {} : { node }),
      events,
      last: last === undefined ? null : renderPosition(last.position),
    });
  });
}

export function appendOptions(c: Context): AppendOptions {
  return appendOptionsFrom(c.req.raw.headers);
}

/** `Idempotency-Key`: a retry with the same one stores nothing and is answered as the first. */
export function appendOptionsFrom(headers: Headers): AppendOptions {
  const dedupId = headers.get("idempotency-key");
  if (dedupId === null) return {};
  if (/^[\x21-\x7e]{1,200}$/.test(dedupId)) return { dedupId };
  throw invalidField(
    "idempotency-key",
    "Cannot use idempotency-key: expected 1 to 200 visible ASCII characters",
  );
}

/** Dedup ids count per topic, and all emitters share one: each has a space of its own. */
export function emitterOptions(id: string, { dedupId }: AppendOptions): AppendOptions {
  return dedupId === undefined ? {} : { dedupId: `${id}/${dedupId}` };
}

const emitterBody = z.strictObject({
  source: z.enum([...emitterSources, "simulated"]).optional(),
  rate: z.number().positive().max(1000).optional(),
});

async function wantedEmitter(c: Context, { limits }: HttpParts): Promise<CreateRequest> {
  const body = await readBody(c.req.raw, limits.bodyBytesMax);
  if (body.byteLength === 0) return {};
  const json = checkJson(body);
  if (!json.ok) throw new Failure("invalid", json.message);
  const { source, rate } = parseWith(emitterBody, JSON.parse(new TextDecoder().decode(body)));
  return { source: source === "simulated" ? "guest" : source, rate };
}

async function createResponse({ emitters }: HttpParts, request: CreateRequest): Promise<Response> {
  const { created, emitter } = await emitters.create(request);
  const body = JSON.stringify(describe(emitter));
  return jsonResponse(body, created ? 201 : 200, { location: `/log/${emitter.id}` });
}

function describe(emitter: Emitter) {
  const { id, source, rate, createdMs, endedMs } = emitter;
  return {
    id,
    source,
    rate,
    created_at: new Date(createdMs).toISOString(),
    ...(endedMs === undefined ? {} : { ended_at: new Date(endedMs).toISOString() }),
  };
}

/** The emitter, unless it has ended. */
export async function standing({ emitters }: HttpParts, id: string): Promise<Emitter> {
  const emitter = await emitters.get(parseName(id, "id"));
  if (emitter.endedMs === undefined) return emitter;
  throw new Failure(
    "ended",
    `Cannot use emitter "${id}": it ended at ${new Date(emitter.endedMs).toISOString()}`,
  );
}

async function stream(c: Context, parts: HttpParts): Promise<Response> {
  const id = parseName(c.req.param("id") ?? "", "id");
  const query = new URL(c.req.url).searchParams;
  const start = await emitterStart(parts, id, c.req.header("last-event-id"), query);
  return sseResponse(parts, emittersTopic, id, start);
}

/** Where to start on an emitter. Throws `ended` when nothing can come after it any more. */
export async function emitterStart(
  parts: HttpParts,
  id: string,
  lastEventId: string | undefined,
  query: URLSearchParams,
): Promise<Start> {
  const wanted = parseStart(lastEventId, query);
  const emitter = await parts.emitters.get(id);
  const start =
    typeof wanted === "object" && "tail" in wanted
      ? await parts.emitters.tailStart(id, wanted.tail)
      : wanted;
  const { end } = emitter;
  if (emitter.endedMs === undefined) return start;
  const { start: kept } = await parts.log.bounds(emittersTopic);
  const trimmed = end !== undefined && comparePositions(end, kept) <= 0;
  const over =
    trimmed ||
    start === "live" ||
    (typeof start === "object" && end !== undefined && comparePositions(start, end) >= 0);
  if (over) await standing(parts, id);
  return start;
}
