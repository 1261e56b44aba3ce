/** The schema registry: its own RPC and HTTP, the Confluent API, and decoding for all others. */

import type { RecordChecks, RecordDecoder } from "../../core/schemas.ts";
import type { Foundation, Part } from "../part.ts";
import { createCompiler } from "./compiler/compiler.ts";
import { createRecordSchemas } from "./decode/record-schemas.ts";
import { confluentEndpoints } from "./http/confluent-endpoints.ts";
import { settingEndpoints } from "./http/confluent-setting-endpoints.ts";
import { mountConfluent } from "./http/confluent.ts";
import { registryEndpoints } from "./http/endpoints.ts";
import { mountSchemas } from "./http/routes.ts";
import type { RegistryOptions } from "./options.ts";
import { createRegistry } from "./registry.ts";
import { registryAccess } from "./rpc/access.ts";
import { mountRegistry } from "./rpc/registry.ts";
import { createRegistryStore } from "./store/registry-store.ts";

/** Opened before the engine: the engine checks and decodes records with its schemas. */
export function openRegistry(
  { database, clock, logger, turns, bodies }: Foundation,
  options: RegistryOptions,
): Part & { readonly schemas: RecordChecks & RecordDecoder } {
  const store = createRegistryStore(database, clock, logger, options);
  const registry = createRegistry({ store, compiler: createCompiler(), clock, logger });
  const deps = { registry, bodies, logger };
  return {
    name: "registry",
    schemas: createRecordSchemas(registry, turns, options),
    http(app) {
      mountSchemas(app, deps);
      mountConfluent(app, deps);
    },
    endpoints: [...registryEndpoints, ...confluentEndpoints, ...settingEndpoints],
    status: () => ({ registry: registry.status() }),
    rpc: (router) => mountRegistry(router, registry, logger),
    rpcAccess: registryAccess,
    close: () => registry.close(),
  };
}
