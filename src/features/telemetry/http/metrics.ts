/** `GET /metrics`, on the HTTP listener, and on a port that serves nothing else. */

import type { Hono } from "hono";
import { Failure } from "../../../core/failure.ts";
import { pathOf, shownPath } from "../../../core/host.ts";
import type { Fetch } from "../../../core/host.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { problemResponse } from "../../../http/problem.ts";
import type { Exposition } from "../exposition.ts";
import { metrics } from "./endpoints.ts";

export function mountMetrics(app: Hono, exposition: () => Exposition): void {
  serve(app, metrics, () => answer(exposition()));
}

/** Without a router and without credentials: who reaches the port may read it. */
export function metricsFetch(exposition: () => Exposition): Fetch {
  return async (request) => {
    const path = pathOf(request.url);
    if (path !== metrics.path) {
      const message = `There is nothing at ${shownPath(path)}: expected ${metrics.path}`;
      return problemResponse(new Failure("not_found", message));
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      const message = `Cannot ${request.method} ${metrics.path}: expected GET`;
      return problemResponse(new Failure("method_not_allowed", message), { allow: "GET" });
    }
    return await answer(exposition());
  };
}

async function answer({ contentType, text }: Exposition): Promise<Response> {
  return new Response(await text(), { headers: { "content-type": contentType } });
}
