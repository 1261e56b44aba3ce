/** Emitters: created by PUT, appended to by POST, read by page and SSE. */

import type { Context, Hono } from "hono";
import type { AuditedAction } from "../../../core/access/audit.ts";
import { emittersTopic } from "../../../core/emitters.ts";
import { renderPosition } from "../../../core/position.ts";
import { traceHeaders, traceparentHeader } from "../../../core/trace/trace.ts";
import { callerOf } from "../../../http/access.ts";
import { answerPage } from "../../../http/answers/page.ts";
import type { Bodies } from "../../../http/body.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { appendOptions } from "../../../http/endpoint/appending.ts";
import { type GivenOf, reply, serve } from "../../../http/endpoint/endpoint.ts";
import { pageQuery } from "../../../http/endpoint/paging.ts";
import { requestedStart } from "../../../http/endpoint/starting.ts";
import { publicPath } from "../../../http/entry/base-path.ts";
import { type HotRoute, hotRoute } from "../../../http/hot.ts";
import { auditRequest } from "../../../http/observe/audit.ts";
import { clientOf, contentTypeOf, incomingEvents } from "../../../http/request-records.ts";
import { appendResponse } from "../../../http/responses.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { readOptionalJson } from "../../../http/validate.ts";
import type { Emitter } from "../emitters-port.ts";
import type { CreateRequest, Emitters } from "../emitters.ts";
import { emitterOptions, emittersAuthor, emitterStart, requireActive } from "../requests.ts";
import * as endpoints from "./endpoints.ts";

interface EmitterDeps extends Pick<
  HttpDeps,
  | "hub"
  | "host"
  | "ingest"
  | "bodies"
  | "log"
  | "pages"
  | "turns"
  | "answers"
  | "clock"
  | "stallMs"
  | "basePath"
  | "logger"
> {
  readonly emitters: Emitters;
}

type AppendDeps = Pick<EmitterDeps, "emitters" | "ingest" | "bodies" | "turns">;

export function mountEmitters(app: Hono, deps: EmitterDeps): void {
  const { emitters, bodies, basePath, logger } = deps;
  const audited = (c: Context, action: AuditedAction, { id, source, rate }: Emitter) =>
    auditRequest(logger, c.req.raw, {
      action,
      kind: "emitter",
      name: id,
      fields: { source, rate },
    });

  serve(app, endpoints.createEmitter, async (_, c) => {
    const request = await requestedEmitter(c, bodies);
    const { emitter } = await emitters.create(request, callerOf(c.req.raw));
    audited(c, "create", emitter);
    const answer = describeCreated(emitter, request);
    return reply(endpoints.createEmitter, 201, answer, locationOf(emitter, c, basePath));
  });
  serve(app, endpoints.createEmitterWithId, async ({ params: { id } }, c) => {
    const request = { ...(await requestedEmitter(c, bodies)), id };
    const { created, emitter } = await emitters.create(request, callerOf(c.req.raw));
    const status = created ? 201 : 200;
    if (created) audited(c, "create", emitter);
    const answer = describeCreated(emitter, request);
    return reply(endpoints.createEmitterWithId, status, answer, locationOf(emitter, c, basePath));
  });
  serve(app, endpoints.listEmitters, async ({ query }, c) => {
    const caller = callerOf(c.req.raw);
    const found = await emitters.list(query, caller.names("read", "emitter"));
    return reply(endpoints.listEmitters, 200, {
      emitters: found.emitters.map(describe),
      next: found.next,
    });
  });
  const append = appendEvents(deps);
  serve(app, endpoints.appendEvents, (given, c) => append(given, c.req.raw));
  serve(app, endpoints.readEmitter, async ({ params: { id }, query }, c) => {
    const requested = pageQuery(query);
    const { signal } = c.req.raw;
    return await answerPage(deps, requested, signal, (caller) =>
      emitters.page(id, requested, caller),
    );
  });
  serve(app, endpoints.endEmitter, async ({ params: { id } }, c) => {
    const emitter = await emitters.end(id);
    audited(c, "delete", emitter);
    return reply(endpoints.endEmitter, 200, describe(emitter));
  });
  serve(app, endpoints.describeEmitter, async ({ params: { id } }) => {
    const emitter = await emitters.get(id);
    const { node, events, last } = await emitters.stats(id);
    return reply(endpoints.describeEmitter, 200, {
      ...describe(emitter),
      node,
      events,
      last: last === undefined ? null : renderPosition(last.position),
    });
  });
  for (const watch of [endpoints.watchEmitter, endpoints.watchEmitterToo]) {
    serve(app, watch, async ({ params: { id }, query, headers }, c) => {
      const requested = requestedStart(query, headers);
      const start = await emitterStart(deps, id, requested, c.req.raw.signal);
      const reader = { caller: callerOf(c.req.raw), heartbeats: query.heartbeat };
      return await sseResponse(deps, emittersTopic, id, start, reader);
    });
  }
}

/** Appends are served before the router as well as by it. */
export function emitterHotRoutes(deps: AppendDeps): readonly HotRoute[] {
  return [hotRoute(endpoints.appendEvents, appendEvents(deps))];
}

function appendEvents({ emitters, ingest, bodies, turns }: AppendDeps) {
  return async (
    { params, headers }: GivenOf<typeof endpoints.appendEvents>,
    request: Request,
  ): Promise<Response> => {
    const { id } = await requireActive(emitters, params.id);
    const body = await bodies.read(request);
    const events = await incomingEvents(body, contentTypeOf(request), {
      turn: turns.open(clientOf(request)),
      recordBytesMax: ingest.recordBytesMax,
      key: id,
      headers: traceHeaders(request.headers.get(traceparentHeader)),
    });
    const options = emitterOptions(id, appendOptions(headers));
    const author = emittersAuthor.for(callerOf(request));
    return appendResponse(await ingest.append(emittersTopic, events, author, options));
  };
}

async function requestedEmitter(c: Context, bodies: Bodies): Promise<CreateRequest> {
  const given = await readOptionalJson(endpoints.emitterBody, c.req.raw, bodies);
  const { source, rate } = given ?? {};
  return { source: source === "simulated" ? "guest" : source, rate };
}

function locationOf({ id }: Emitter, c: Context, basePath: string): Record<string, string> {
  return { location: publicPath(c.req.raw, basePath, `/log/${id}`) };
}

/** A caller that sent nothing may not have expected that somebody else writes. */
function describeCreated(emitter: Emitter, { source, rate }: CreateRequest) {
  if (source !== undefined || rate !== undefined) return describe(emitter);
  const note = `The gateway invents the events of this emitter, ${emitter.rate} per second, until it is ended. Create it with {"source":"external"} to append your own.`;
  return { ...describe(emitter), note };
}

function describe({ id, source, rate, createdMs, endedMs }: Emitter) {
  return {
    id,
    source,
    rate,
    created_at: new Date(createdMs).toISOString(),
    ...(endedMs === undefined ? {} : { ended_at: new Date(endedMs).toISOString() }),
  };
}
