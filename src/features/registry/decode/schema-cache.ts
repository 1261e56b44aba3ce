/**
 * This node's schemas by id. What is registered never changes, so an entry stays right for good;
 * only one that was deleted for good has to go.
 */
import type { StoredSchema } from "../registry-port.ts";

export interface SchemaCache {
  /** What is known, else what `load` gives: once, however many ask at the same time. */
  get(
    id: number,
    load: (id: number) => Promise<StoredSchema | undefined>,
  ): Promise<StoredSchema | undefined>;
  delete(id: number): void;
}

/** Of descriptor sets; what readers make of them is several times as large. */
const bytesDefault = 32 * 1024 * 1024;

export function createSchemaCache(bytesMax = bytesDefault): SchemaCache {
  // In the order of last use: a Map gives its keys as they were set.
  const known = new Map<number, StoredSchema>();
  const loading = new Map<number, Promise<StoredSchema | undefined>>();
  let bytes = 0;

  function remove(id: number): void {
    bytes -= known.get(id)?.set.length ?? 0;
    known.delete(id);
  }

  function keep(schema: StoredSchema): void {
    remove(schema.id);
    known.set(schema.id, schema);
    bytes += schema.set.length;
    for (const id of known.keys()) {
      if (bytes <= bytesMax || id === schema.id) break;
      remove(id);
    }
  }

  return {
    async get(id, from) {
      const schema = known.get(id);
      if (schema !== undefined) {
        known.delete(id);
        known.set(id, schema);
        return schema;
      }
      const underWay = loading.get(id);
      if (underWay !== undefined) return await underWay;
      const pending = from(id);
      loading.set(id, pending);
      try {
        const loaded = await pending;
        // Unless it was deleted for good while it was on its way.
        if (loaded !== undefined && loading.get(id) === pending) keep(loaded);
        return loaded;
      } finally {
        if (loading.get(id) === pending) loading.delete(id);
      }
    },
    delete(id) {
      remove(id);
      loading.delete(id);
    },
  };
}
