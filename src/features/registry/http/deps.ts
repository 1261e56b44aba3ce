/** What the registry's HTTP endpoints are built on. */

import type { HttpDeps } from "../../../http/deps.ts";
import type { Registry } from "../registry.ts";

export interface RegistryDeps extends Pick<HttpDeps, "bodies" | "logger"> {
  readonly registry: Registry;
}
