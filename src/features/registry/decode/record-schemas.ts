/**
 * Checks records against the schemas that they name, and decodes them. A record names its schema by
 * `schema_id`, by Confluent's header, or by Confluent's frame in front of the payload; if it does so
 * twice, both must agree.
 */

import type { Turn, Turns } from "../../../core/budget/turn.ts";
import { failureFrom, invalidIssue, type Issue } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json/json.ts";
import { isJsonType } from "../../../core/record.ts";
import type {
  DecodedRecord,
  MaybePromise,
  RecordChecks,
  RecordDecoder,
  SchemaRecord,
} from "../../../core/schemas.ts";
import { textFromUtf8 } from "../../../core/utf8.ts";
import {
  isFramed,
  messageNameAt,
  parseFrame,
  type SchemaRef,
  valueSchemaHeader,
} from "./confluent-frame.ts";
import {
  createDecoders,
  type DecoderOptions,
  type KnownSchema,
  type SchemaReader,
} from "./decoders.ts";

export function createRecordSchemas(
  registry: SchemaReader,
  turns: Turns,
  options: DecoderOptions = {},
): RecordChecks & RecordDecoder {
  const decoders = createDecoders(registry, options);

  /** Looks up an unknown schema once per batch, so a flood of one bad id costs one query. */
  function createLookup() {
    const absent = new Set<number | string>();
    return (ref: SchemaRef): KnownSchema | undefined | Promise<KnownSchema | undefined> => {
      const name = "id" in ref ? ref.id : ref.guid;
      if (absent.has(name)) return undefined;
      const found = decoders.get(ref);
      if (!(found instanceof Promise)) return found;
      return found.then((known) => {
        if (known === undefined) absent.add(name);
        return known;
      });
    };
  }

  return {
    check(rule, records) {
      const lookup = createLookup();
      const one = (record: SchemaRecord): Issue | undefined | Promise<Issue | undefined> => {
        const named = nameOf(record);
        if (named === undefined) return noSchema;
        if ("issue" in named) return named.issue;
        const found = lookup(named.ref);
        const check = (known: KnownSchema | undefined) =>
          known === undefined ? unknownSchema(named.ref) : checkAgainst(rule, record, named, known);
        return found instanceof Promise ? found.then(check) : check(found);
      };
      return inOrder(records, one, turns.open());
    },

    decode(records) {
      const lookup = createLookup();
      const one = (record: SchemaRecord) => {
        const named = nameOf(record);
        if (named === undefined) return undefined;
        if ("issue" in named) return { schema: undefined, issue: named.issue };
        const found = lookup(named.ref);
        const decode = (known: KnownSchema | undefined) => decodeWith(record, named, known);
        return found instanceof Promise ? found.then(decode) : decode(found);
      };
      return inOrder<DecodedRecord | undefined>(records, one, turns.open());
    },
  };
}

/** The schema that a record names. `payload` is the message, or its JSON. */
interface NamedSchema {
  readonly ref: SchemaRef;
  /** Undefined: the file's first message. */
  readonly indexes: readonly number[] | undefined;
  readonly payload: Uint8Array;
}

function nameOf(record: SchemaRecord): NamedSchema | { readonly issue: Issue } | undefined {
  const { value, schemaId, contentType } = record;
  const header = record.headers?.[valueSchemaHeader];
  try {
    if (header !== undefined) {
      const { schema: ref, indexes } = parseFrame(header);
      return { ref, indexes, payload: value };
    }
    if (!isJsonType(contentType) && isFramed(value)) {
      const { schema: ref, indexes, payload } = parseFrame(value);
      return { ref, indexes, payload };
    }
  } catch (error) {
    return { issue: invalidIssue("schema_id", failureFrom(error).message) };
  }
  if (schemaId === 0) return undefined;
  return { ref: { id: schemaId }, indexes: undefined, payload: value };
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

function messageOf(
  { indexes }: NamedSchema,
  { schema }: KnownSchema,
): string | { readonly issue: Issue } {
  const first = schema.messages[0];
  if (indexes === undefined && first !== undefined) return first;
  try {
    return messageNameAt(schema, indexes ?? [0]);
  } catch (error) {
    return { issue: invalidIssue("schema_id", failureFrom(error).message) };
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

/**
 * An answer for each record, in order and synchronously as far as possible: it continues in later
 * turns from the first answer that is a promise, and when its slice of time is used up.
 */
function inOrder<Answer>(
  records: readonly SchemaRecord[],
  one: (record: SchemaRecord) => Answer | Promise<Answer>,
  turn: Turn,
): MaybePromise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const record of records) {
    if (turn.isOver) return continueAfter(turn.next());
    const answer = one(record);
    if (answer instanceof Promise) {
      return continueAfter(answer.then((value) => void answers.push(value)));
    }
    answers.push(answer);
  }
  return answers;

  async function continueAfter(first: Promise<void>): Promise<readonly Answer[]> {
    await first;
    for (const record of records.slice(answers.length)) {
      if (turn.isOver) await turn.next();
      answers.push(await one(record));
    }
    return answers;
  }
}
