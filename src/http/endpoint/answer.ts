/** What an address answers and takes, declared beside its handler. */

import type { z } from "zod";

export interface Media {
  readonly schema: z.ZodType;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, Example>>;
}

export interface Example<Value = unknown> {
  readonly summary: string;
  readonly value: Value;
}

/** By media type. */
export type Content = Readonly<Record<string, Media>>;

export interface AnswerHeader {
  readonly description: string;
  readonly schema: z.ZodType;
}

export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, AnswerHeader>>;
  readonly content?: Content;
}

export interface JsonAnswer<Schema extends z.ZodType> extends Answer {
  readonly json: Schema;
}

/** By status. */
export type Answers = Readonly<Record<number, Answer>>;

/** Whether an answer does not end on its own: a stream of events, or a socket. */
export function isEndless(answers: Answers): boolean {
  return Object.entries(answers).some(
    ([status, { content }]) =>
      status === "101" || (content !== undefined && "text/event-stream" in content),
  );
}

/** Of JSON; the compiler checks the example and, in `reply`, each answer against the schema. */
export function json<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
  example?: Readonly<z.input<Schema>>,
  headers?: Readonly<Record<string, AnswerHeader>>,
): JsonAnswer<Schema> {
  const media = example === undefined ? { schema } : { schema, example };
  return {
    description,
    ...(headers === undefined ? {} : { headers }),
    content: { "application/json": media },
    json: schema,
  };
}

/** Without a body. */
export function empty(
  description: string,
  headers?: Readonly<Record<string, AnswerHeader>>,
): Answer {
  return headers === undefined ? { description } : { description, headers };
}

/** In another form than JSON. */
export function content(description: string, type: string, media: Media): Answer {
  return { description, content: { [type]: media } };
}

export interface Body {
  readonly description?: string;
  readonly isRequired: boolean;
  readonly content: Content;
}

export interface JsonBody<Schema extends z.ZodType> extends Body {
  readonly json: Schema;
}

export interface BodyText<Schema extends z.ZodType> {
  /** Says what is assumed when there is no body; without it a body is required. */
  readonly leftOut?: string;
  readonly example?: z.input<Schema>;
  readonly examples?: Readonly<Record<string, Example<z.input<Schema>>>>;
}

/** A JSON body; `readJson` checks what comes against `schema`. */
export function jsonBody<Schema extends z.ZodType>(
  schema: Schema,
  { leftOut, example, examples }: BodyText<Schema> = {},
): JsonBody<Schema> {
  const media: Media = {
    schema,
    ...(example === undefined ? {} : { example }),
    ...(examples === undefined ? {} : { examples }),
  };
  return {
    ...(leftOut === undefined ? {} : { description: leftOut }),
    isRequired: leftOut === undefined,
    content: { "application/json": media },
    json: schema,
  };
}

/** A type whose arrays and members are only read. */
export type Frozen<Value> = Value extends readonly (infer Entry)[]
  ? readonly Frozen<Entry>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: Frozen<Value[Name]> }
    : Value;
