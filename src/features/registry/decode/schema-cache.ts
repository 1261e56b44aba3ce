/**
 * This node's schemas by id. A registered schema never changes, so an entry stays valid until its
 * schema is purged.
 */

import type { StoredSchema } from "../registry-port.ts";
import { ByteCache } from "./byte-cache.ts";

export interface SchemaCache {
  /** The cached schema, otherwise what `load` returns; concurrent calls share one load. */
  get(
    id: number,
    load: (id: number) => Promise<StoredSchema | undefined>,
  ): Promise<StoredSchema | undefined>;
  delete(id: number): void;
}

/** Bytes of descriptor sets; the objects that readers make of them are several times as large. */
const bytesDefault = 32 * 1024 * 1024;

export function createSchemaCache(bytesMax = bytesDefault): SchemaCache {
  const cached = new ByteCache<number, StoredSchema>({
    bytesMax,
    bytesOf: ({ set }) => set.length,
  });
  const loading = new Map<number, Promise<StoredSchema | undefined>>();
  return {
    async get(id, load) {
      const schema = cached.get(id);
      if (schema !== undefined) return schema;
      const running = loading.get(id);
      if (running !== undefined) return await running;
      const pending = load(id);
      loading.set(id, pending);
      try {
        const loaded = await pending;
        // Not if it was purged while it was being loaded.
        if (loaded !== undefined && loading.get(id) === pending) cached.set(id, loaded);
        return loaded;
      } finally {
        if (loading.get(id) === pending) loading.delete(id);
      }
    },
    delete(id) {
      cached.delete(id);
      loading.delete(id);
    },
  };
}
