/** All HTTP faces on one router, with the answers that every address shares. */
import { Hono } from "hono";
import { Failure, failureFrom } from "../core/failure.ts";
import { mountAckRules } from "./ack-rules.ts";
import { mountConfluent } from "./confluent.ts";
import { createDecodedFormats } from "./decoded.ts";
import { mountEcho } from "./echo.ts";
import { mountEmitters } from "./emitters.ts";
import { mountHealth } from "./health.ts";
import { serveHot, type Fetch } from "./hot.ts";
import { mountInflux } from "./influx.ts";
import { lifecycleEventRoutes, mountLifecycleEvents } from "./lifecycle-events.ts";
import { mountLifecycleLive } from "./lifecycle-live.ts";
import { mountLifecycles } from "./lifecycles.ts";
import { mountLivedoc } from "./livedoc.ts";
import { mountCors } from "./origin.ts";
import { measurementRoutes, mountMeasurements } from "./measurements.ts";
import type { HttpParts } from "./parts.ts";
import { problemResponse } from "./problem.ts";
import { mountRelations } from "./relations.ts";
import { reportInternal, shownPath } from "./report.ts";
import { mountRpc } from "./rpc.ts";
import { mountSchemas } from "./schemas.ts";
import { mountSeries } from "./series.ts";
import { mountTickers } from "./tickers.ts";
import { mountTopics } from "./topics.ts";
import { mountUi } from "./ui.ts";
import { mountWs } from "./ws.ts";

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
    const message = `Cannot ${c.req.method} ${shownPath(c.req.path)}: wanted ${allowed.join(", ")}`;
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
