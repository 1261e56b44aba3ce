/** Bodies and parameters of the Confluent API. */
import type { Context } from "hono";
import { z } from "zod";
import { Failure, invalidField, quoted } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json.ts";
import { RegistryFailure } from "../registry-port.ts";
import type { Submission } from "../submission.ts";
import { readBody } from "../../../http/body.ts";
import { confluentType } from "./confluent-error.ts";
import { parseWith } from "../../../http/validate.ts";

/** Members that are not named are let through, as clients of later releases send them. */
const submissionBody = z.object({
  schema: z.string(),
  schemaType: z.string().nullish(),
  references: z
    .array(
      z.object({
        name: z.string().min(1),
        subject: z.string().min(1),
        version: z.int().min(-1),
      }),
    )
    .nullish(),
  id: z.int().nullish(),
  version: z.int().nullish(),
  metadata: z.unknown().optional(),
  ruleSet: z.unknown().optional(),
});

/** The schema of a body. Throws `invalid_schema` for what is kept nowhere here, like other types. */
export async function readSubmission(c: Context, bytesMax: number): Promise<Submission> {
  const body = await readJson(c, submissionBody, bytesMax);
  const type = body.schemaType ?? "AVRO";
  if (type !== "PROTOBUF") {
    const given = body.schemaType ? "" : ", which no schemaType means";
    throw new RegistryFailure(
      "invalid_schema",
      `Cannot read a schema of type ${quoted(type)}${given}: expected "schemaType":"PROTOBUF"`,
    );
  }
  // A consumer that relies on rules must not be given a schema without them.
  if (given(body.metadata) || given(body.ruleSet)) {
    throw new RegistryFailure(
      "invalid_schema",
      "Cannot keep metadata and ruleSet: this registry has schemas alone, expected neither",
    );
  }
  if ((body.id ?? -1) > 0 || (body.version ?? -1) > 0) {
    throw new RegistryFailure(
      "invalid_mode",
      "Cannot register under a given id or version: that is for mode IMPORT, which there is not",
    );
  }
  const references = (body.references ?? []).map(({ name, subject, version }) => ({
    name,
    subject,
    version: Math.max(0, version),
  }));
  return { source: sourceFrom(body.schema), references };
}

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

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export async function readJson<Output>(
  c: Context,
  schema: z.ZodType<Output>,
  bytesMax: number,
): Promise<Output> {
  const body = await readBody(c.req.raw, bytesMax);
  const checked = checkJson(body);
  if (!checked.ok) throw new Failure("invalid", checked.message);
  return parseWith(schema, JSON.parse(new TextDecoder().decode(body)));
}

export function answer(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { "content-type": confluentType } });
}

/** `true` or `false`; anything else is the latter, as there. */
export function flag(c: Context, name: string): boolean {
  return c.req.query(name)?.toLowerCase() === "true";
}

/** A count; a negative one, as clients send for "no limit", gives `byDefault`. */
export function count(c: Context, name: string, byDefault: number): number {
  const text = c.req.query(name);
  if (text === undefined || /^-\d+$/.test(text)) return byDefault;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidField(name, `Cannot use ${name} ${quoted(text)}: expected a whole number`);
}
