/** The schema registry: its own RPC and HTTP, the Confluent API, and decoding for all others. */

import type { RecordFilters } from "../../core/filter/record-filter.ts";
import type { RecordChecks, RecordDecoder, SubjectsOfSchemas } from "../../core/schemas.ts";
import type { Foundation, Part } from "../part.ts";
import { createSchemaUses, type SchemaUses } from "./catalog/uses.ts";
import { createCompiler } from "./compiler/compiler.ts";
import { createDecoders } from "./decode/decoders.ts";
import { createRecordSchemas } from "./decode/record-schemas.ts";
import { createSubjectsOfSchemas } from "./decode/subjects-of-schemas.ts";
import { createRecordFilters } from "./filter/filters.ts";
import { editingEndpoints } from "./http/catalog/editing-endpoints.ts";
import { mountEditing } from "./http/catalog/editing-routes.ts";
import { catalogEndpoints } from "./http/catalog/endpoints.ts";
import { mountCatalog } from "./http/catalog/routes.ts";
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

export interface RegistryPart extends Part {
  readonly schemas: RecordChecks & RecordDecoder & SubjectsOfSchemas;
  readonly filters: RecordFilters;
  readonly uses: Pick<SchemaUses, "forget">;
}

/** Opened before the engine: the engine checks and decodes records with its schemas. */
export function openRegistry(
  { database, clock, logger, turns, bodies }: Foundation,
  options: RegistryOptions,
): RegistryPart {
  const store = createRegistryStore(database, clock, logger, options);
  const registry = createRegistry({ store, compiler: createCompiler(), clock, logger });
  const decoders = createDecoders(registry, options);
  const uses = createSchemaUses({ store, clock, logger });
  const deps = { registry, bodies, logger };
  return {
    name: "registry",
    schemas: {
      ...createRecordSchemas(decoders, turns, uses),
      ...createSubjectsOfSchemas(registry, clock),
    },
    filters: createRecordFilters(decoders, turns),
    uses,
    http(app) {
      mountSchemas(app, deps);
      mountConfluent(app, deps);
      mountCatalog(app, deps);
      mountEditing(app, deps);
    },
    endpoints: [
      ...registryEndpoints,
      ...confluentEndpoints,
      ...settingEndpoints,
      ...catalogEndpoints,
      ...editingEndpoints,
    ],
    status: () => ({ registry: registry.status() }),
    rpc: (router) => mountRegistry(router, registry, logger),
    rpcAccess: registryAccess,
    async close() {
      await uses.close();
      await registry.close();
    },
  };
}
