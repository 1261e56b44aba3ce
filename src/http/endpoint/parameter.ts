/**
 * Parameters of addresses, queries and headers. Each kind states its bounds once: they become the
 * JSON Schema of the document and the parser of the text. A test checks that the two agree.
 */

import { z } from "zod";
import { fieldValue, parseChoice, parseCount, parseFlag } from "../../core/parse.ts";

export interface Parameter<Value> {
  readonly description: string;
  /** What the text may be, as the document shows it. */
  readonly schema: z.ZodType;
  readonly isRequired: boolean;
  /** Pages that try an address send it. */
  readonly example?: string | number;
  /** Throws a Failure that names `field`. */
  readonly parse: (text: string | undefined, field: string) => Value;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

export type Values<Given extends Parameters> = {
  readonly [Name in keyof Given]: Given[Name] extends Parameter<infer Value> ? Value : never;
};

/** A required parameter; `parse` is given "" where it is missing. */
export function parameter<Value>(
  description: string,
  schema: z.ZodType,
  parse: (text: string, field: string) => Value,
  example?: string | number,
): Parameter<Value> {
  return {
    description,
    schema,
    isRequired: true,
    ...(example === undefined ? {} : { example }),
    parse: (text, field) => parse(text ?? "", field),
  };
}

/** Any text. */
export function text(
  description: string,
  { schema = z.string(), example }: { schema?: z.ZodType; example?: string } = {},
): Parameter<string> {
  return parameter(description, schema, (given) => given, example);
}

/** A text of `charsMax` characters at most. */
export function shortText(description: string, charsMax: number): Parameter<string> {
  return parameter(description, z.string().max(charsMax), (given, field) =>
    fieldValue(
      field,
      given,
      given.length <= charsMax
        ? { ok: true, value: given }
        : { ok: false, expected: `at most ${charsMax} characters` },
    ),
  );
}

/** A whole number. */
export function count(
  description: string,
  { min = 0, max, example }: { min?: number; max: number; example?: number },
): Parameter<number> {
  const schema = z.int().min(min).max(max);
  return parameter(
    description,
    schema,
    (given, field) => fieldValue(field, given, parseCount(given, min, max)),
    example,
  );
}

/** One of several words. */
export function choice<const Choice extends string>(
  description: string,
  choices: readonly Choice[],
): Parameter<Choice> {
  return parameter(description, z.enum(choices), (given, field) =>
    fieldValue(field, given, parseChoice(given, choices)),
  );
}

/** `true` or `false`; false where it is left out. */
export function flag(description: string): Parameter<boolean> {
  return {
    description,
    schema: z.boolean().default(false),
    isRequired: false,
    parse: (given, field) => given !== undefined && fieldValue(field, given, parseFlag(given)),
  };
}

/** The same parameter, undefined where it is left out. */
export function optional<Value>(given: Parameter<Value>): Parameter<Value | undefined> {
  return {
    ...given,
    isRequired: false,
    parse: (text, field) => (text === undefined ? undefined : given.parse(text, field)),
  };
}

/** The same parameter, `value` where it is left out. */
export function withDefault<Value>(given: Parameter<Value>, value: Value): Parameter<Value> {
  return {
    ...given,
    schema: given.schema.default(value),
    isRequired: false,
    parse: (text, field) => (text === undefined ? value : given.parse(text, field)),
  };
}
