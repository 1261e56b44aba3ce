/** The body that brings a schema to the Confluent API. */

import { z } from "zod";
import { quoted } from "../../../core/failure.ts";
import type { Bodies } from "../../../http/body.ts";
import { parseJson, parseWith } from "../../../http/validate.ts";
import { RegistryFailure } from "../registry-port.ts";
import type { Submission } from "../submission.ts";
import { submissionShape } from "./confluent-model.ts";

/** The schema of a body. Throws `invalid_schema` for what is kept nowhere here, like other types. */
export async function readSubmission(request: Request, bodies: Bodies): Promise<Submission> {
  return submissionFrom(parseJson(z.unknown(), await bodies.read(request)));
}

/** The same of a body's JSON. */
export function submissionFrom(given: unknown): Submission {
  // First: what the API has and this registry has not is refused with the API's own codes.
  const { schemaType, metadata, ruleSet } = parseWith(unsupportedShape, given);
  const type = schemaType ?? "AVRO";
  if (type !== "PROTOBUF") {
    const meant = schemaType ? "" : ", which no schemaType means";
    throw new RegistryFailure(
      "invalid_schema",
      `Cannot read a schema of type ${quoted(type)}${meant}: expected "schemaType":"PROTOBUF"`,
    );
  }
  // A consumer that relies on rules must not be given a schema without them.
  if ((metadata ?? ruleSet ?? null) !== null) {
    throw new RegistryFailure(
      "invalid_schema",
      "Cannot keep metadata and ruleSet: this registry has schemas alone, expected neither",
    );
  }
  const body = parseWith(submissionShape, given);
  if ((body.id ?? -1) > 0 || (body.version ?? -1) > 0) {
    throw new RegistryFailure(
      "invalid_mode",
      "Cannot register with an explicit id or version: mode IMPORT is not supported",
    );
  }
  const references = (body.references ?? []).map(({ name, subject, version }) => ({
    name,
    subject,
    version: Math.max(0, version),
  }));
  return { source: sourceFrom(body.schema), references };
}

const unsupportedShape = z.object({
  schemaType: z.string().nullish(),
  metadata: z.unknown().optional(),
  ruleSet: z.unknown().optional(),
});

/**
 * Text, or one FileDescriptorProto in base64, which serializers send. No text is without a
 * semicolon, a brace or a space, and base64 has none of them.
 */
function sourceFrom(schema: string): Submission["source"] {
  if (schema !== "" && /^[A-Za-z0-9+/]+={0,2}$/.test(schema) && schema.length % 4 === 0) {
    return { form: "file", descriptor: Uint8Array.fromBase64(schema) };
  }
  return { form: "text", text: schema, imports: new Map(), file: undefined };
}
