/**
 * The Confluent Schema Registry's API, so that its clients work: the same registry as that of
 * `sluice.v1.RegistryService`, with the names and errors of that API's documentation.
 */

import { Hono } from "hono";
import { failureFrom } from "../../../core/failure.ts";
import { reportInternal } from "../../../http/observe/report.ts";
import { confluentError } from "./confluent-error.ts";
import { mountConfluentSchemas } from "./confluent-schema.ts";
import { mountSettings } from "./confluent-settings.ts";
import { mountSubjects } from "./confluent-subjects.ts";
import type { RegistryDeps } from "./deps.ts";

export function mountConfluent(app: Hono, deps: RegistryDeps): void {
  const confluent = new Hono();
  mountSubjects(confluent, deps);
  mountConfluentSchemas(confluent, deps);
  mountSettings(confluent, deps);
  confluent.onError((error, c) => {
    const failure = failureFrom(error);
    reportInternal(deps.logger, c.req, failure);
    return confluentError(failure, c.req.raw);
  });
  app.route("/", confluent);
}
