/** Zod schemas as the JSON Schema of the document. */

import { z } from "zod";
import type { Schema } from "./model.ts";

/** Shared schemas by their ids, filled while the document is made. */
export type Components = Map<string, Schema>;

/**
 * What a caller sends or is sent: the side of a schema before its transforms. A schema with an id
 * becomes a component, and a reference here.
 */
export function jsonSchemaOf(schema: z.ZodType, components: Components): Schema {
  const {
    $schema: _,
    $defs,
    ...rendered
  } = z.toJSONSchema(schema, {
    io: "input",
    // A description by `meta` may stand in for what zod cannot express, such as an int64.
    unrepresentable: "any",
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  for (const [name, definition] of Object.entries($defs ?? {})) {
    define(components, name, withComponents(definition));
  }
  return withComponents(rendered);
}

function define(components: Components, name: string, schema: Schema): void {
  const known = components.get(name);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
    throw new Error(`Two schemas have the id ${JSON.stringify(name)}, expected one`);
  }
  components.set(name, schema);
}

/** Bounds that only say "a JavaScript number" mean nothing to callers in other languages. */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  // Names of members are always text, and further members are allowed unless refused.
  delete schema.propertyNames;
  const { additionalProperties: others } = schema;
  if (typeof others === "object" && Object.keys(others).length === 0) {
    delete schema.additionalProperties;
  }
}

function withComponents(schema: Schema): Schema {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/'),
  ) as Schema;
}
