/**
 * Decoders of the schemas that records name, made once and kept within a bound. What is registered
 * never changes, so one stays right for good; only that of a schema deleted for good has to go.
 */
import { RegistryFailure, type StoredSchema } from "../registry-port.ts";
import { createDecoder, type Decoder } from "./decoder.ts";
import type { Registry } from "../registry.ts";
import type { SchemaRef } from "./wire.ts";

export interface KnownSchema {
  readonly schema: StoredSchema;
  readonly decoder: Decoder;
}

export interface Decoders {
  /**
   * At once where it is at hand; undefined where there is no such schema. Rejects with `unavailable`
   * when that cannot be told.
   */
  get(ref: SchemaRef): KnownSchema | Promise<KnownSchema | undefined>;
}

export type SchemaSource = Pick<Registry, "schema" | "schemaOfGuid" | "onPurged">;

/** Of descriptor sets: the descriptors and what is compiled of them are ten to twenty times that. */
const bytesDefault = 8 * 1024 * 1024;

export function createDecoders(registry: SchemaSource, bytesMax = bytesDefault): Decoders {
  // In the order of last use: a Map gives its keys as they were set.
  const known = new Map<number, KnownSchema>();
  const ids = new Map<string, number>();
  let bytes = 0;
  let purges = 0;

  registry.onPurged((id) => {
    purges++;
    remove(id);
  });

  function remove(id: number): void {
    const entry = known.get(id);
    if (entry === undefined) return;
    bytes -= entry.schema.set.length;
    known.delete(id);
    ids.delete(entry.schema.guid);
  }

  function keep(entry: KnownSchema): void {
    const { id, guid, set } = entry.schema;
    remove(id);
    known.set(id, entry);
    ids.set(guid, id);
    bytes += set.length;
    for (const oldest of known.keys()) {
      if (bytes <= bytesMax || oldest === id) break;
      remove(oldest);
    }
  }

  async function load(ref: SchemaRef): Promise<KnownSchema | undefined> {
    const before = purges;
    let schema: StoredSchema;
    try {
      schema = await ("id" in ref ? registry.schema(ref.id) : registry.schemaOfGuid(ref.guid));
    } catch (error) {
      if (error instanceof RegistryFailure && error.reason === "schema_not_found") return undefined;
      throw error;
    }
    // Another batch may have been faster.
    const there = known.get(schema.id);
    if (there !== undefined) return there;
    const entry = { schema, decoder: createDecoder(schema) };
    // Unless it may have been deleted for good while it was on its way.
    if (purges === before) keep(entry);
    return entry;
  }

  return {
    get(ref) {
      const id = "id" in ref ? ref.id : ids.get(ref.guid);
      const entry = id === undefined ? undefined : known.get(id);
      if (id === undefined || entry === undefined) return load(ref);
      known.delete(id);
      known.set(id, entry);
      return entry;
    },
  };
}
