/**
 * What is wrong with a JSON value, as zod finds it, in the words of all other errors: the member by
 * its JSON Pointer, and what was expected of it.
 */

import type { z } from "zod";
import { invalidIssue, type Issue } from "../core/failure.ts";

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

/** An error map for `safeParse`; shapes may bring their own texts. */
export function wording(issue: RawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `it is missing, expected ${expectedType(issue)}`
        : `it is ${typeOf(issue.input)}, expected ${expectedType(issue)}`;
    case "invalid_value":
      return `expected ${anyOf(issue.values.map((value) => JSON.stringify(value)))}`;
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${amount(issue.minimum, issue.origin)}`;
    case "too_big":
      return `expected at most ${amount(issue.maximum, issue.origin)}`;
    case "invalid_format":
      return `expected text in the form ${"pattern" in issue ? issue.pattern : issue.format}`;
    case "unrecognized_keys": {
      const members = membersOf(issue.inst);
      return `there is no such member${members === "" ? "" : `, expected ${members}`}`;
    }
    case "invalid_union":
      return `expected another form of it`;
    default:
      return "it is not what is expected";
  }
}

/** Unknown members that are named of one object. */
const namesMax = 100;

/** One issue for each member that is wrong. */
export function issuesFrom({ path, message, ...issue }: z.core.$ZodIssue): readonly Issue[] {
  const names = issue.code === "unrecognized_keys" ? issue.keys.slice(0, namesMax) : [undefined];
  return names.map((name) => {
    const field = pointer(name === undefined ? path : [...path, name]);
    return invalidIssue(field, field === "" ? message : `${field}: ${message}`);
  });
}

/** Empty for the whole value. Names in it come from the caller, so it is cut. */
function pointer(path: readonly PropertyKey[]): string {
  return path
    .map((name) => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("")
    .slice(0, 200);
}

function membersOf(shape: RawIssue["inst"]): string {
  const definition = shape?._zod.def;
  if (definition === undefined || !("shape" in definition)) return "";
  return Object.keys(definition.shape as object).join(", ");
}

const typeNames: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object",
  string: "text",
};

function expectedType({ expected, inst }: Extract<RawIssue, { code: "invalid_type" }>): string {
  const definition = inst?._zod.def;
  const isWhole = definition !== undefined && "format" in definition;
  return typeName(expected === "number" && isWhole ? "int" : expected);
}

function typeName(type: string): string {
  return typeNames[type] ?? type;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "boolean" ? String(value) : typeName(typeof value);
}

function amount(count: number | bigint, origin: string): string {
  if (origin === "string") return `${count} character${count === 1 ? "" : "s"}`;
  return origin === "array" ? `${count} ${count === 1 ? "entry" : "entries"}` : String(count);
}

function anyOf(values: readonly string[]): string {
  if (values.length <= 2) return values.join(" or ");
  return `one of ${values.join(", ")}`;
}
