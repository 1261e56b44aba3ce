/** Access over HTTP: the caller, keys, tickets and sessions. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { parseGrant, renderGrant } from "../../../core/access/grant.ts";
import type { Guard } from "../../../core/access/guard.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { publicPath } from "../../../http/entry/base-path.ts";
import { readJson } from "../../../http/validate.ts";
import { sessionCookie, sessionOf, type Sessions } from "../sessions.ts";
import type { Tickets } from "../tickets.ts";
import * as endpoints from "./endpoints.ts";
import { type KeyDeps, mountKeys } from "./key-routes.ts";
import { type LoginDeps, mountLogin } from "./login.ts";

interface AccessDeps extends KeyDeps, LoginDeps, Pick<HttpDeps, "basePath"> {
  readonly guard: Guard;
  readonly tickets: Tickets;
  readonly sessions: Sessions;
}

/** An answer with a secret, which nothing in between may keep. */
const noStore = { "cache-control": "no-store" };

export function mountAccess(app: Hono, deps: AccessDeps): void {
  const { guard, tickets, sessions, bodies, basePath } = deps;
  const describe = ({ principal }: Caller) => ({
    principal: principal.id,
    kind: principal.kind,
    name: principal.name,
    grants: principal.grants.list.map(renderGrant),
    expires_at:
      principal.expiresMs === undefined ? null : new Date(principal.expiresMs).toISOString(),
    closed: guard.isClosed,
  });

  serve(app, endpoints.me, (_, c) =>
    reply(endpoints.me, 200, describe(callerOf(c.req.raw)), noStore),
  );
  mountKeys(app, deps);
  serve(app, endpoints.createTicket, async (_, c) => {
    const given = await readJson(endpoints.ticketBody, c.req.raw, bodies);
    const grants =
      "grants" in given
        ? given.grants.map((text, i) => parseGrant(text, `/grants/${i}`))
        : [parseGrant(`${given.action} ${given.target}`, "/target")];
    const { text, expiresMs } = await tickets.create(grants, callerOf(c.req.raw));
    const expires_at = new Date(expiresMs).toISOString();
    return reply(endpoints.createTicket, 201, { ticket: text, expires_at }, noStore);
  });
  serve(app, endpoints.openSession, async (_, c) => {
    const { key } = await readJson(endpoints.sessionBody, c.req.raw, bodies);
    const caller = await guard.caller({ authorization: `Bearer ${key}` });
    const { secret, expiresMs } = await sessions.open(caller);
    const cookie = cookieOf(c.req.raw, basePath, secret, new Date(expiresMs));
    return reply(endpoints.openSession, 200, describe(caller), {
      ...noStore,
      "set-cookie": cookie,
    });
  });
  serve(app, endpoints.closeSession, async (_, c) => {
    const session = sessionOf(c.req.header("cookie") ?? "");
    if (session !== undefined) await sessions.close(session);
    return c.body(null, 204, { "set-cookie": cookieOf(c.req.raw, basePath, "", new Date(0)) });
  });
  mountLogin(app, deps);
}

/** A browser names its page's origin, also where a proxy ends TLS. */
function cookieOf(request: Request, basePath: string, value: string, expires: Date): string {
  const path = publicPath(request, basePath, "/");
  const origin = request.headers.get("origin") ?? request.url;
  const secure = origin.startsWith("https:") ? "; Secure" : "";
  return `${sessionCookie}=${value}; Path=${path}; Expires=${expires.toUTCString()}; HttpOnly; SameSite=Strict${secure}`;
}
