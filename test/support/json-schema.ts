/** Schemas of the OpenAPI document, checked by a JSON Schema validator that the gateway does not use. */

import addFormats from "ajv-formats";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { z } from "zod";
import { type Components, jsonSchemaOf } from "../../src/http/openapi/json-schema.ts";
import type { Schema } from "../../src/http/openapi/model.ts";

/** Whether a value matches `schema`; references are resolved in `components`. */
export function schemaValidator(
  schema: Schema,
  components: unknown,
): { (value: unknown): boolean; readonly problems: () => string } {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: "document", components });
  const local = JSON.stringify(schema).replaceAll("#/components/", "document#/components/");
  const validate = ajv.compile(JSON.parse(local));
  return Object.assign((value: unknown) => validate(value), {
    problems: () => ajv.errorsText(validate.errors),
  });
}

export function shapeValidator(shape: z.ZodType): (value: unknown) => boolean {
  const components: Components = new Map();
  const schema = jsonSchemaOf(shape, components);
  return schemaValidator(schema, { schemas: Object.fromEntries(components) });
}
