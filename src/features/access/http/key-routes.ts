/** Keys over HTTP. */

import type { Hono } from "hono";
import { parseGrant, renderGrant } from "../../../core/access/grant.ts";
import { invalidField, quoted } from "../../../core/failure.ts";
import { cutList } from "../../../core/page.ts";
import { expectedTime, parseTime } from "../../../core/time.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { readJson } from "../../../http/validate.ts";
import type { StoredCredential } from "../credential.ts";
import type { Keys } from "../keys.ts";
import * as endpoints from "./key-endpoints.ts";

export interface KeyDeps extends Pick<HttpDeps, "bodies"> {
  readonly keys: Keys;
}

export function mountKeys(app: Hono, { keys, bodies }: KeyDeps): void {
  serve(app, endpoints.createKey, async (_given, c) => {
    const caller = callerOf(c.req.raw);
    const body = await readJson(endpoints.keyBody, c.req.raw, bodies);
    const { key, secret } = await keys.create(
      {
        name: body.name,
        grants: body.grants.map((text, i) => parseGrant(text, `grants.${i}`)),
        expiresMs: body.expires_at === undefined ? undefined : parseExpiry(body.expires_at),
      },
      caller,
    );
    // What is in between may keep an answer: not this one.
    const headers = { "cache-control": "no-store" };
    return reply(endpoints.createKey, 201, { ...describe(key), key: secret }, headers);
  });
  serve(app, endpoints.listKeys, async ({ query: { q, limit, after } }) => {
    const text = q.replaceAll("\0", "\uFFFD");
    const found = await keys.list({ limit: limit + 1, after, text });
    const { items, last } = cutList(found, limit);
    return reply(endpoints.listKeys, 200, { keys: items.map(describe), next: last?.name ?? null });
  });
  serve(app, endpoints.describeKey, async ({ params }) =>
    reply(endpoints.describeKey, 200, describe(await keys.get(params.key))),
  );
  serve(app, endpoints.revokeKey, async ({ params }, c) => {
    await keys.revoke(params.key, callerOf(c.req.raw));
    return c.body(null, 204);
  });
}

function parseExpiry(text: string): number {
  const ns = parseTime(text);
  if (ns !== undefined) return Number(ns / 1_000_000n);
  throw invalidField(
    "expires_at",
    `Cannot use expires_at ${quoted(text)}: expected ${expectedTime(text, "a time such as 2026-11-21T10:02:11Z")}`,
  );
}

function describe({ id, name, grants, createdMs, createdBy, expiresMs, usedMs }: StoredCredential) {
  return {
    id,
    name,
    grants: grants.map(renderGrant),
    created_at: new Date(createdMs).toISOString(),
    created_by: createdBy,
    expires_at: renderMs(expiresMs),
    last_used_at: renderMs(usedMs),
  };
}

function renderMs(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
