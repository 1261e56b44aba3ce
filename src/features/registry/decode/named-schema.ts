/** Which schema a record names, and the schema itself, found once for a batch. */

import type { Turn } from "../../../core/budget/turn.ts";
import { failureFrom, invalidIssue, type Issue } from "../../../core/failure.ts";
import { isJsonType } from "../../../core/record.ts";
import type { MaybePromise, SchemaRecord } from "../../../core/schemas.ts";
import {
  isFramed,
  messageNameAt,
  parseFrame,
  type SchemaRef,
  valueSchemaHeader,
} from "./confluent-frame.ts";
import type { Decoders, KnownSchema } from "./decoders.ts";

/** Looks up an unknown schema once per batch, so a flood of one bad id costs one query. */
export function createLookup(decoders: Decoders) {
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

/** The schema that a record names. `payload` is the message, or its JSON. */
export interface NamedSchema {
  readonly ref: SchemaRef;
  /** Undefined: the file's first message. */
  readonly indexes: readonly number[] | undefined;
  readonly payload: Uint8Array;
}

export function nameOf(record: SchemaRecord): NamedSchema | { readonly issue: Issue } | undefined {
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

export function messageOf(
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

/**
 * An answer for each record, in order and synchronously as far as possible: it continues in later
 * turns from the first answer that is a promise, and when its slice of time is used up.
 */
export function inOrder<Item, Answer>(
  records: readonly Item[],
  one: (record: Item) => Answer | Promise<Answer>,
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
