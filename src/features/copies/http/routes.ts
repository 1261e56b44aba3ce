/** Copies: previewed, created, listed, changed. */

import type { Hono } from "hono";
import { parsePosition, renderPosition } from "../../../core/position.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { readJson } from "../../../http/validate.ts";
import type { Copies } from "../copies.ts";
import type { CopyJob } from "../copy.ts";
import * as endpoints from "./endpoints.ts";

export interface CopyRouteDeps extends Pick<HttpDeps, "bodies"> {
  readonly copies: Copies;
}

export function mountCopies(app: Hono, { copies, bodies }: CopyRouteDeps): void {
  serve(app, endpoints.createCopy, async ({ params: { topic } }, c) => {
    const caller = callerOf(c.req.raw);
    const body = await readJson(endpoints.copyBody, c.req.raw, bodies);
    const { copy: id, to, after, until, key, where, text, rate, dry_run: isDry } = body;
    const request = {
      id,
      source: topic,
      target: to,
      after: after === "earliest" ? ("earliest" as const) : parsePosition(after),
      until: until === undefined ? undefined : parsePosition(until),
      filter: {
        ...(key === undefined ? {} : { key }),
        ...(where === undefined ? {} : { where }),
        ...(text === undefined ? {} : { text }),
      },
      rate,
    };
    if (!isDry) {
      return reply(endpoints.createCopy, 201, describe(await copies.create(request, caller)));
    }
    const { lastRefusal, position, isWhole, ...counts } = await copies.preview(
      request,
      caller,
      c.req.raw.signal,
    );
    return reply(endpoints.createCopy, 200, {
      ...counts,
      last_refusal: lastRefusal ?? null,
      position: renderPosition(position),
      whole: isWhole,
    });
  });
  serve(app, endpoints.listCopies, async ({ query }, c) => {
    const all = await copies.list(callerOf(c.req.raw));
    const shown = all.filter(({ source }) => query.topic === undefined || source === query.topic);
    return reply(endpoints.listCopies, 200, { copies: shown.map(describe) });
  });
  serve(app, endpoints.readCopy, async ({ params: { copy } }, c) => {
    return reply(endpoints.readCopy, 200, describe(await copies.get(copy, callerOf(c.req.raw))));
  });
  serve(app, endpoints.changeCopy, async ({ params: { copy } }, c) => {
    const change = await readJson(endpoints.changeBody, c.req.raw, bodies);
    const job = await copies.change(copy, change, callerOf(c.req.raw));
    return reply(endpoints.changeCopy, 200, describe(job));
  });
}

function describe(job: CopyJob) {
  const { id, source, target, after, until, filter, lastRefusal, failure } = job;
  const { rate, state, position, read, matched, sent, refused, createdMs, changedMs } = job;
  return {
    copy: id,
    from: source,
    to: target,
    after: renderPosition(after),
    until: renderPosition(until),
    ...filter,
    rate,
    state,
    position: renderPosition(position),
    read,
    matched,
    sent,
    refused,
    last_refusal: lastRefusal ?? null,
    failure: failure ?? null,
    created_at: new Date(createdMs).toISOString(),
    changed_at: new Date(changedMs).toISOString(),
  };
}
