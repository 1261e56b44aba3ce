/** Emitters: made by PUT, appended to by POST, read by page and SSE. The addresses are seed 004's. */
import type { Context, Hono } from "hono";
import { emittersTopic, type Emitter, emitterSources } from "../../../core/emitters.ts";
import { Failure } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json.ts";
import { parsePageQuery } from "../../../core/page.ts";
import { renderPosition } from "../../../core/position.ts";
import { parseName } from "../../../core/topic.ts";
import type { CreateRequest, Emitters } from "../emitters.ts";
import { emitterOptions, emitterStart, requireActive } from "../use.ts";
import { z } from "zod";
import { appendResponse, jsonResponse } from "../../../http/answers.ts";
import { appendOptions } from "../../../http/append-options.ts";
import { readBody } from "../../../http/body.ts";
import { renderPage } from "../../../http/events.ts";
import { offeredEvents } from "../../../http/request-records.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { parseCount, parseFlag, parseStart } from "../../../http/start.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { parseWith } from "../../../http/validate.ts";

interface EmitterDeps extends Pick<HttpDeps, "hub" | "host" | "ingest" | "limits" | "log"> {
  readonly emitters: Emitters;
}

export function mountEmitters(app: Hono, deps: EmitterDeps): void {
  const { emitters } = deps;

  app.put("/log", async (c) => createResponse(deps, await requestedEmitter(c, deps)));
  app.put("/log/:id", async (c) => {
    const id = parseName(c.req.param("id"), "id");
    return createResponse(deps, { ...(await requestedEmitter(c, deps)), id });
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
    const emitter = await requireActive(emitters, c.req.param("id"));
    const body = await readBody(c.req.raw, deps.limits.bodyBytesMax);
    const offered = offeredEvents(body, c.req.raw.headers.get("content-type"), emitter.id);
    const options = emitterOptions(emitter.id, appendOptions(c));
    return appendResponse(await deps.ingest.append(emittersTopic, offered, options));
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
  app.get("/sse/log/:id", (c) => stream(c, deps));
  app.get("/log/sse/:id", (c) => stream(c, deps));
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

const emitterBody = z.strictObject({
  source: z.enum([...emitterSources, "simulated"]).optional(),
  rate: z.number().positive().max(1000).optional(),
});

async function requestedEmitter(c: Context, { limits }: EmitterDeps): Promise<CreateRequest> {
  const body = await readBody(c.req.raw, limits.bodyBytesMax);
  if (body.byteLength === 0) return {};
  const json = checkJson(body);
  if (!json.ok) throw new Failure("invalid", json.message);
  const { source, rate } = parseWith(emitterBody, JSON.parse(new TextDecoder().decode(body)));
  return { source: source === "simulated" ? "guest" : source, rate };
}

async function createResponse(
  { emitters }: EmitterDeps,
  request: CreateRequest,
): Promise<Response> {
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

async function stream(c: Context, deps: EmitterDeps): Promise<Response> {
  const id = parseName(c.req.param("id") ?? "", "id");
  const query = new URL(c.req.url).searchParams;
  const start = await emitterStart(deps, id, parseStart(c.req.header("last-event-id"), query));
  return sseResponse(deps, emittersTopic, id, start);
}
