/**
 * JSON with the exact text of its numbers, which `JSON.parse` rounds, and without duplicate names, of
 * which `JSON.parse` keeps the last. RFC 8259, and strings must be well-formed: a surrogate without
 * its other half has no UTF-8. Linear in the text.
 */

import { JsonProblem } from "./problem.ts";

/** A number as it was written. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonNode = null | boolean | string | NumberText | readonly JsonNode[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonNode>;

/**
 * Levels of arrays and objects. A message takes at most two of them, for its list and itself, and
 * messages nest to 100 levels.
 */
const depthMax = 256;

/** Throws `JsonProblem`. */
export function parseJson(text: string): JsonNode {
  const parser: Parser = { text, at: 0, depth: 0 };
  skipSpace(parser);
  const value = parseValue(parser);
  skipSpace(parser);
  if (parser.at < text.length) throw unexpected(parser, "the end");
  return value;
}

interface Parser {
  readonly text: string;
  at: number;
  depth: number;
}

function parseValue(parser: Parser): JsonNode {
  switch (parser.text[parser.at]) {
    case "{":
      return parseObject(parser);
    case "[":
      return parseArray(parser);
    case '"':
      return parseString(parser);
    case "t":
      return parseWord(parser, "true", true);
    case "f":
      return parseWord(parser, "false", false);
    case "n":
      return parseWord(parser, "null", null);
    default:
      return parseNumber(parser);
  }
}

function parseObject(parser: Parser): JsonObject {
  const members = new Map<string, JsonNode>();
  enter(parser);
  if (!takes(parser, "}")) {
    do {
      if (parser.text[parser.at] !== '"') throw unexpected(parser, "a name in quotes");
      const name = parseString(parser);
      if (members.has(name)) throw new JsonProblem(`has the name ${JSON.stringify(name)} twice`);
      skipSpace(parser);
      expect(parser, ":");
      members.set(name, parseValue(parser));
      skipSpace(parser);
    } while (takes(parser, ","));
    expect(parser, "}");
  }
  parser.depth--;
  return members;
}

function parseArray(parser: Parser): JsonNode[] {
  const elements: JsonNode[] = [];
  enter(parser);
  if (!takes(parser, "]")) {
    do {
      elements.push(parseValue(parser));
      skipSpace(parser);
    } while (takes(parser, ","));
    expect(parser, "]");
  }
  parser.depth--;
  return elements;
}

function enter(parser: Parser): void {
  parser.at++;
  if (++parser.depth > depthMax) throw new JsonProblem(`nests deeper than ${depthMax} levels`);
  skipSpace(parser);
}

/** Whether `char` is next; it is then taken with the space behind it. */
function takes(parser: Parser, char: string): boolean {
  if (parser.text[parser.at] !== char) return false;
  parser.at++;
  // What follows a closing bracket is left to the caller, which skips it in any case.
  skipSpace(parser);
  return true;
}

function expect(parser: Parser, char: string): void {
  if (!takes(parser, char)) throw unexpected(parser, JSON.stringify(char));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function parseString(parser: Parser): string {
  const { text } = parser;
  const from = parser.at;
  let isEscaped = false;
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      parser.at = at + 1;
      const value = isEscaped ? unescaped(parser, from) : text.slice(from + 1, at);
      // Only an escape can write half of a pair: the text itself was UTF-8.
      if (isEscaped && !value.isWellFormed()) {
        throw new JsonProblem("has a string with half of a surrogate pair");
      }
      return value;
    }
    if (code === BACKSLASH) {
      isEscaped = true;
      at++;
    } else if (code < 0x20) {
      parser.at = at;
      throw unexpected(parser, "no control character within a string");
    }
  }
  parser.at = text.length;
  throw unexpected(parser, 'a closing "');
}

function unescaped(parser: Parser, from: number): string {
  try {
    return String(JSON.parse(parser.text.slice(from, parser.at)));
  } catch {
    throw new JsonProblem(`has a wrong escape in the string at character ${from + 1}`);
  }
}

function parseWord<Value>(parser: Parser, word: string, value: Value): Value {
  if (!parser.text.startsWith(word, parser.at)) throw unexpected(parser, "a value");
  parser.at += word.length;
  return value;
}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;

function parseNumber(parser: Parser): NumberText {
  number.lastIndex = parser.at;
  const [text] = number.exec(parser.text) ?? [];
  if (text === undefined) throw unexpected(parser, "a value");
  parser.at += text.length;
  return new NumberText(text);
}

function skipSpace(parser: Parser): void {
  const { text } = parser;
  for (; ; parser.at++) {
    const code = text.charCodeAt(parser.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
  }
}

function unexpected({ text, at }: Parser, expected: string): JsonProblem {
  const found = at >= text.length ? "ends" : `has ${JSON.stringify(charAt(text, at))}`;
  return new JsonProblem(`${found} at character ${at + 1}, expected ${expected}`);
}

function charAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}
