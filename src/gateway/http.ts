/** All HTTP faces on one router, with the answers that every address shares. */
import { Hono } from "hono";
import { Failure, failureFrom } from "../core/failure.ts";
import { mountAckRules } from "../features/ack-rules/http/routes.ts";
import { mountConfluent } from "../features/registry/http/confluent.ts";
import { createDecodedFormats } from "../http/decoded.ts";
import { mountEcho } from "../features/demo/http/echo.ts";
import { mountEmitters } from "../features/emitters/http/routes.ts";
import { mountHealth } from "../features/operation/http/health.ts";
import { serveHot, type Fetch } from "../http/hot.ts";
import { mountInflux } from "../features/measurements/http/influx.ts";
import { lifecycleEventRoutes, mountLifecycleEvents } from "../features/lifecycle/http/events.ts";
import { mountLifecycleLive } from "../features/lifecycle/http/live.ts";
import { mountLifecycles } from "../features/lifecycle/http/lifecycles.ts";
import { mountLivedoc } from "../features/operation/http/livedoc.ts";
import { mountCors } from "../http/origin.ts";
import { measurementRoutes, mountMeasurements } from "../features/measurements/http/save.ts";
import type { HttpParts } from "../http/parts.ts";
import { problemResponse } from "../http/problem.ts";
import { mountRelations } from "../features/relations/http/routes.ts";
import { reportInternal, shownPath } from "../http/report.ts";
import { mountRpc } from "../http/rpc.ts";
import { mountSchemas } from "../features/registry/http/routes.ts";
import { mountSeries } from "../features/measurements/http/series.ts";
import { mountTickers } from "../features/demo/http/tickers.ts";
import { mountTopics } from "../features/topics/http/routes.ts";
import { mountUi } from "../features/operation/http/ui.ts";
import { mountWs } from "../features/topics/http/socket.ts";

/** The router, and before it the addresses that have a shorter way. */
export function createHttpFetch(parts: HttpParts): Fetch {
  const app = createHttpApp(parts);
  const hot = { ...lifecycleEventRoutes(parts), ...measurementRoutes(parts) };
  return serveHot(hot, (request) => app.fetch(request), parts.logger);
}

export function createHttpApp(parts: HttpParts): Hono {
  const app = new Hono();
  const decoded = createDecodedFormats(parts.schemas);
  mountCors(app, parts.origins);
  mountEmitters(app, parts);
  mountTopics(app, parts, decoded);
  mountRelations(app, parts);
  mountLifecycleEvents(app, parts);
  mountLifecycles(app, parts);
  mountLifecycleLive(app, parts);
  mountAckRules(app, parts);
  mountMeasurements(app, parts);
  mountInflux(app, parts);
  mountSeries(app, parts);
  mountSchemas(app, parts);
  mountConfluent(app, parts);
  mountWs(app, parts, decoded);
  mountTickers(app, parts);
  mountEcho(app, parts);
  mountHealth(app, parts);
  mountRpc(app, parts);
  mountLivedoc(app, parts);
  mountUi(app, parts);

  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    if (allowed.length === 0) {
      return problemResponse(
        new Failure("not_found", `There is nothing at ${shownPath(c.req.path)}`),
      );
    }
    const message = `Cannot ${c.req.method} ${shownPath(c.req.path)}: expected ${allowed.join(", ")}`;
    return problemResponse(new Failure("method_not_allowed", message), {
      allow: allowed.join(", "),
    });
  });
  app.onError((error, c) => {
    const failure = failureFrom(error);
    reportInternal(parts.logger, c.req, failure);
    return problemResponse(failure);
  });
  return app;
}

const methods = ["GET", "PUT", "POST", "DELETE"];

function allowedMethods(app: Hono, path: string): string[] {
  return methods.filter((method) => app.router.match(method, path)[0].length > 0);
}
