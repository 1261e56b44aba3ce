/**
 * Checks records against the schemas that they name, and decodes them. A record names its schema by
 * `schema_id`, by Confluent's header, or by Confluent's frame in front of the payload; if it does so
 * twice, both must agree.
 */

import type { Turns } from "../../../core/budget/turn.ts";
import { failureFrom, invalidIssue, type Issue } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json/json.ts";
import { isJsonType } from "../../../core/record.ts";
import type {
  DecodedRecord,
  RecordChecks,
  RecordDecoder,
  SchemaRecord,
} from "../../../core/schemas.ts";
import { textFromUtf8 } from "../../../core/utf8.ts";
import type { SchemaUses } from "../catalog/uses.ts";
import { type SchemaRef, valueSchemaHeader } from "./confluent-frame.ts";
import type { Decoders, KnownSchema } from "./decoders.ts";
import { createLookup, inOrder, messageOf, type NamedSchema, nameOf } from "./named-schema.ts";

export function createRecordSchemas(
  decoders: Decoders,
  turns: Turns,
  uses?: Pick<SchemaUses, "note">,
): RecordChecks & RecordDecoder {
  return {
    check(rule, records, topic) {
      const lookup = createLookup(decoders);
      const one = (record: SchemaRecord): Issue | undefined | Promise<Issue | undefined> => {
        const named = nameOf(record);
        if (named === undefined) return noSchema;
        if ("issue" in named) return named.issue;
        const found = lookup(named.ref);
        const check = (known: KnownSchema | undefined) => {
          if (known === undefined) return unknownSchema(named.ref);
          const issue = checkAgainst(rule, record, named, known);
          if (issue === undefined && topic !== undefined) uses?.note(topic, known.schema.id);
          return issue;
        };
        return found instanceof Promise ? found.then(check) : check(found);
      };
      return inOrder(records, one, turns.open());
    },

    decode(records, topic) {
      const lookup = createLookup(decoders);
      const one = (record: SchemaRecord) => {
        const named = nameOf(record);
        if (named === undefined) return undefined;
        if ("issue" in named) return { schema: undefined, issue: named.issue };
        const found = lookup(named.ref);
        const decode = (known: KnownSchema | undefined) => {
          if (known !== undefined && topic !== undefined) uses?.note(topic, known.schema.id);
          return decodeWith(record, named, known);
        };
        return found instanceof Promise ? found.then(decode) : decode(found);
      };
      return inOrder<SchemaRecord, DecodedRecord | undefined>(records, one, turns.open());
    },
  };
}

function checkAgainst(
  rule: "id" | "validated",
  record: SchemaRecord,
  named: NamedSchema,
  known: KnownSchema,
): Issue | undefined {
  const { schemaId } = record;
  if (schemaId !== 0 && schemaId !== known.schema.id) {
    const message = `Cannot take a record with schema_id ${schemaId}: its frame or header names schema ${known.schema.id}, expected the same`;
    return invalidIssue("schema_id", message);
  }
  if (rule === "id") return undefined;
  const message = messageOf(named, known);
  if (typeof message !== "string") return message.issue;
  const { decoder } = known;
  const issue = isJsonType(record.contentType)
    ? decoder.validateJson(named.payload, message)
    : decoder.validate(named.payload, message);
  if (issue === undefined) return undefined;
  const what = issue.field === "" ? "it" : issue.field;
  return invalidIssue(
    issue.field === "" ? "value" : issue.field,
    `Cannot take the record as "${message}" of schema ${known.schema.id}: ${what} ${issue.message}`,
  );
}

function decodeWith(
  record: SchemaRecord,
  named: NamedSchema,
  known: KnownSchema | undefined,
): DecodedRecord {
  if (known === undefined) {
    const schema = "id" in named.ref ? { id: named.ref.id, name: undefined } : undefined;
    return { schema, issue: unknownSchema(named.ref) };
  }
  const { id } = known.schema;
  const name = messageOf(named, known);
  if (typeof name !== "string") return { schema: { id, name: undefined }, issue: name.issue };
  const schema = { id, name };
  if (isJsonType(record.contentType)) {
    const json = checkJson(record.value);
    if (json.ok) return { schema, json: textFromUtf8(json.value) };
    return { schema, issue: invalidIssue("value", json.message) };
  }
  try {
    return { schema, json: known.decoder.decode(named.payload, name) };
  } catch (error) {
    const failure = failureFrom(error);
    const field = failure.errors[0]?.field ?? "";
    return { schema, issue: invalidIssue(field === "" ? "value" : field, failure.message) };
  }
}

const noSchema = invalidIssue(
  "schema_id",
  `Cannot take a record that names no schema: expected a schema_id, a header "${valueSchemaHeader}" or a payload framed with an id`,
);

function unknownSchema(ref: SchemaRef): Issue {
  const given = "id" in ref ? `schema_id ${ref.id}` : `schema GUID "${ref.guid}"`;
  return invalidIssue("schema_id", `Cannot find ${given}: there is no such schema in the registry`);
}
