/** All HTTP faces on one router, with the answers that every address shares. */
import { Hono } from "hono";
import { Failure, failureFrom } from "../core/failure.ts";
import { mountConfluent } from "./confluent.ts";
import { mountEcho } from "./echo.ts";
import { mountEmitters } from "./emitters.ts";
import { mountHealth } from "./health.ts";
import { mountLivedoc } from "./livedoc.ts";
import { mountCors } from "./origin.ts";
import type { HttpParts } from "./parts.ts";
import { problemResponse } from "./problem.ts";
import { reportInternal, shownPath } from "./report.ts";
import { mountRpc } from "./rpc.ts";
import { mountSchemas } from "./schemas.ts";
import { mountTickers } from "./tickers.ts";
import { mountTopics } from "./topics.ts";
import { mountUi } from "./ui.ts";
import { mountWs } from "./ws.ts";

export function createHttpApp(parts: HttpParts): Hono {
  const app = new Hono();
  mountCors(app, parts.origins);
  mountEmitters(app, parts);
  mountTopics(app, parts);
  mountSchemas(app, parts);
  mountConfluent(app, parts);
  mountWs(app, parts);
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
    reportInternal(parts.logger, c, failure);
    return problemResponse(failure);
  });
  return app;
}

const methods = ["GET", "PUT", "POST", "DELETE"];

function allowedMethods(app: Hono, path: string): string[] {
  return methods.filter((method) => app.router.match(method, path)[0].length > 0);
}
