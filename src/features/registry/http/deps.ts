/** What the registry's HTTP endpoints are built on. */

import type { Context } from "hono";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { auditedRegistry } from "../audited.ts";
import { type CallerRegistry, registryFor } from "../guarded.ts";
import type { Registry } from "../registry.ts";

export interface RegistryDeps extends Pick<HttpDeps, "bodies" | "logger"> {
  readonly registry: Registry;
}

/** As the caller of the request may use it. */
export function registryOf(
  { registry, logger }: Pick<RegistryDeps, "registry" | "logger">,
  c: Context,
): CallerRegistry {
  const caller = callerOf(c.req.raw);
  return registryFor(auditedRegistry(registry, caller, logger), caller);
}
