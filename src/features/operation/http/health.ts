/** `/livez`, `/readyz` and `/status`. */

import type { Hono } from "hono";
import { Failure } from "../../../core/failure.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { problemResponse } from "../../../http/problem.ts";
import type { Health } from "../health.ts";
import * as endpoints from "./endpoints.ts";
import { snakeCaseMembers } from "./status-members.ts";

export function mountHealth(app: Hono, health: Health): void {
  serve(app, endpoints.livez, () => reply(endpoints.livez, 200, { status: "up" }));
  serve(app, endpoints.readyz, async () => {
    const why = await health.notReady();
    if (why !== undefined) return problemResponse(new Failure("unavailable", why));
    const warning = health.warning();
    return reply(endpoints.readyz, 200, {
      status: "ready",
      ...(warning === undefined ? {} : { warning }),
    });
  });
  serve(app, endpoints.status, async () => {
    const members = snakeCaseMembers(await health.status());
    return reply(endpoints.status, 200, { status: "up", ...members });
  });
}
