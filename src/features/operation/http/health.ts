/** Whether this node lives, can serve, and what it knows of itself. */

import type { Hono } from "hono";
import { Failure } from "../../../core/failure.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { problemResponse } from "../../../http/problem.ts";
import * as endpoints from "./endpoints.ts";
import { snakeCaseMembers } from "./status-members.ts";

/** What `/status`, `/livez` and `/readyz` report. */
export interface Health {
  /** Everything this node knows of itself, for people. */
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** Why this node cannot serve; undefined when it can. */
  notReady(): Promise<string | undefined>;
}

export function mountHealth(app: Hono, health: Health): void {
  serve(app, endpoints.livez, () => reply(endpoints.livez, 200, { status: "up" }));
  serve(app, endpoints.readyz, async () => {
    const why = await health.notReady();
    if (why === undefined) return reply(endpoints.readyz, 200, { status: "ready" });
    return problemResponse(new Failure("unavailable", why));
  });
  serve(app, endpoints.status, async () => {
    const members = snakeCaseMembers(await health.status());
    return reply(endpoints.status, 200, { status: "up", ...members });
  });
}
