/** What an operator opens: health, status, the API documentation and the dashboard. */

import type { OpenApiDocument } from "../../http/openapi/model.ts";
import type { Part, Platform } from "../part.ts";
import type { Health } from "./health.ts";
import { operationEndpoints } from "./http/endpoints.ts";
import { mountHealth } from "./http/health.ts";
import { mountLivedoc } from "./http/livedoc.ts";
import { mountUi } from "./http/ui.ts";

export interface OperationOptions {
  readonly health: Health;
  /** The OpenAPI document of all parts; called once all are open. */
  readonly document: (version: string) => OpenApiDocument;
}

export function openOperation(
  { host }: Pick<Platform, "host">,
  { health, document }: OperationOptions,
): Part {
  return {
    name: "operation",
    http(app) {
      mountHealth(app, health);
      mountLivedoc(app, { host, document });
      mountUi(app, { host });
    },
    endpoints: operationEndpoints,
  };
}
