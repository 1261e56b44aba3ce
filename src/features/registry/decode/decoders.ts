/**
 * Decoders of the schemas that records name, cached within a bound. A registered schema never
 * changes, so a decoder stays valid until its schema is purged.
 */

import { defaultRegistryOptions } from "../options.ts";
import { RegistryFailure, type StoredSchema } from "../registry-port.ts";
import type { Registry } from "../registry.ts";
import { ByteCache } from "./byte-cache.ts";
import type { SchemaRef } from "./confluent-frame.ts";
import type { Decoder } from "./decoder.ts";

export interface KnownSchema {
  readonly schema: StoredSchema;
  readonly decoder: Decoder;
}

export interface Decoders {
  /**
   * Synchronous where it is cached; undefined where no such schema exists. Rejects with
   * `unavailable` while the registry cannot be read.
   */
  get(ref: SchemaRef): KnownSchema | Promise<KnownSchema | undefined>;
}

export type SchemaReader = Pick<Registry, "schema" | "schemaOfGuid" | "onPurged">;

/** Bytes of descriptor sets; their descriptors and compiled rules take ten to twenty times that. */
const bytesDefault = 8 * 1024 * 1024;

export interface DecoderOptions {
  /** Bytes of the descriptor sets whose decoders are kept. */
  readonly bytesMax?: number;
  /** What the rules of one record may cost. */
  readonly ruleStepsMax?: number;
}

export function createDecoders(
  registry: SchemaReader,
  {
    bytesMax = bytesDefault,
    ruleStepsMax = defaultRegistryOptions.ruleStepsMax,
  }: DecoderOptions = {},
): Decoders {
  const ids = new Map<string, number>();
  const cached = new ByteCache<number, KnownSchema>({
    bytesMax,
    bytesOf: ({ schema }) => schema.set.length,
    onRemove: ({ schema }) => ids.delete(schema.guid),
  });
  let purges = 0;

  registry.onPurged((id) => {
    purges++;
    cached.delete(id);
  });

  async function load(ref: SchemaRef): Promise<KnownSchema | undefined> {
    const before = purges;
    const schema = await findSchema(registry, ref);
    if (schema === undefined) return undefined;
    // Loaded with the first schema, as the linker is (`submission.ts`).
    const { createDecoder } = await import("./decoder.ts");
    const { id, guid } = schema;
    // Another batch may have been faster.
    const existing = cached.get(id);
    if (existing !== undefined) return existing;
    const known = { schema, decoder: createDecoder(schema, ruleStepsMax) };
    // Not if it may have been purged while it was being loaded.
    if (purges === before) {
      cached.set(id, known);
      ids.set(guid, id);
    }
    return known;
  }

  return {
    get(ref) {
      const id = "id" in ref ? ref.id : ids.get(ref.guid);
      return (id === undefined ? undefined : cached.get(id)) ?? load(ref);
    },
  };
}

async function findSchema(
  registry: SchemaReader,
  ref: SchemaRef,
): Promise<StoredSchema | undefined> {
  try {
    return await ("id" in ref ? registry.schema(ref.id) : registry.schemaOfGuid(ref.guid));
  } catch (error) {
    if (error instanceof RegistryFailure && error.reason === "schema_not_found") return undefined;
    throw error;
  }
}
