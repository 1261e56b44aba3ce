/**
 * InfluxDB's line protocol, as Telegraf and the Influx clients write it:
 * `cpu,host=a usage=0.5,idle=99i 1795263600123456789`
 * (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/).
 */

import { Failure, quoted } from "../../../core/failure.ts";

export interface LinePoint {
  /** The measurement's name and its tags by name, escaped as in the protocol: `cpu,host=a`. */
  readonly series: string;
  /** In order; a repeated name has its last value. */
  readonly fields: ReadonlyMap<string, LineValue>;
  /** As written, in the request's precision; undefined: now. */
  readonly time: bigint | undefined;
}

/** Booleans are 0 and 1, integers the nearest float64; text is not a number. */
export type LineValue = number | { readonly text: string };

export type Line =
  | { readonly number: number; readonly point: LinePoint }
  | { readonly number: number; readonly wrong: string };

/** The lines that are neither empty nor comments, numbered from 1. A bad line harms no other. */
export function* parseLines(text: string): Generator<Line> {
  let from = 0;
  let number = 0;
  while (from < text.length) {
    const end = lineEnd(text, from);
    const line = text.slice(from, end).replace(/\r$/, "");
    const begun = number + 1;
    // Quoted text may span several lines.
    number += line.split("\n").length;
    from = end + 1;
    if (/^\s*(#|$)/.test(line)) continue;
    yield parsed(line, begun);
  }
}

function parsed(line: string, number: number): Line {
  try {
    return { number, point: new LineParser(line).point() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { number, wrong: error.message };
  }
}

/** The line break that ends the line at `from`. Breaks inside the quotes of a field do not end it. */
function lineEnd(text: string, from: number): number {
  let isQuoted = false;
  let isFields = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "\n" && !isQuoted) return at;
    else if (char === " ") isFields = true;
    else if (char === '"' && isFields) isQuoted = !isQuoted;
  }
  // A quote without an end makes this line wrong, but not those after it.
  if (!isQuoted) return text.length;
  const newline = text.indexOf("\n", from);
  return newline < 0 ? text.length : newline;
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const truths = new Set(["t", "T", "true", "True", "TRUE"]);
const falsehoods = new Set(["f", "F", "false", "False", "FALSE"]);

class LineParser {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line.trimStart();
  }

  point(): LinePoint {
    const name = this.#word(", ");
    if (name === "") throw wrong("it has no measurement name");
    const tags = new Map<string, string>();
    while (this.#takes(",")) {
      const key = this.#word("=, ");
      if (key === "" || !this.#takes("=")) throw wrong("a tag is not of the form name=value");
      const value = this.#word("=, ");
      if (value === "") throw wrong(`tag ${quoted(key)} has no value`);
      tags.set(key, value);
    }
    if (!this.#takes(" ")) throw wrong("it has no fields");
    this.#spaces();
    const fields = new Map<string, LineValue>();
    do {
      const key = this.#word("=, ");
      if (key === "" || !this.#takes("=")) throw wrong("a field is not of the form name=value");
      fields.set(key, this.#value(key));
    } while (this.#takes(","));
    return { series: seriesOf(name, tags), fields, time: this.#time() };
  }

  /** Reads up to one of the characters in `ends`, unless it is escaped by a backslash. */
  #word(ends: string): string {
    const line = this.#line;
    let word = "";
    for (; this.#at < line.length; this.#at++) {
      const char = line[this.#at] ?? "";
      const next = line[this.#at + 1] ?? "";
      if (char === "\\" && ", =".includes(next) && next !== "") {
        word += next;
        this.#at++;
      } else if (ends.includes(char)) break;
      else word += char;
    }
    return word;
  }

  #value(key: string): LineValue {
    if (this.#line[this.#at] === '"') return { text: this.#text(key) };
    const from = this.#at;
    while (this.#at < this.#line.length && !", ".includes(this.#line[this.#at] ?? "")) this.#at++;
    const written = this.#line.slice(from, this.#at);
    if (truths.has(written)) return 1;
    if (falsehoods.has(written)) return 0;
    const digits = /^[+-]?\d+[iu]$/.test(written) ? written.slice(0, -1) : written;
    const value = numberPattern.test(digits) ? Number(digits) : Number.NaN;
    if (Number.isFinite(value)) return value;
    throw wrong(`field ${quoted(key)} is ${quoted(written)}, expected a finite number`);
  }

  #text(key: string): string {
    const line = this.#line;
    let text = "";
    for (this.#at++; this.#at < line.length; this.#at++) {
      const char = line[this.#at] ?? "";
      const next = line[this.#at + 1];
      if (char === "\\" && (next === '"' || next === "\\")) {
        text += next;
        this.#at++;
      } else if (char === '"') {
        this.#at++;
        return text;
      } else text += char;
    }
    throw wrong(`the text of field ${quoted(key)} has no end`);
  }

  #time(): bigint | undefined {
    const rest = this.#line.slice(this.#at);
    if (rest !== "" && !rest.startsWith(" ")) throw wrong("there is more after its fields");
    const written = rest.trim();
    if (written === "") return undefined;
    if (/^-?\d{1,19}$/.test(written)) return BigInt(written);
    throw wrong(`time ${quoted(written)} is not a whole number`);
  }

  #takes(char: string): boolean {
    if (this.#line[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #spaces(): void {
    while (this.#line[this.#at] === " ") this.#at++;
  }
}

/** The same series for every order of the tags. */
function seriesOf(name: string, tags: ReadonlyMap<string, string>): string {
  const pairs = [...tags].map(([key, value]) => `${escaped(key)}=${escaped(value)}`);
  return [name.replaceAll(/[, ]/g, "\\$&"), ...pairs.toSorted()].join(",");
}

function escaped(word: string): string {
  return word.replaceAll(/[, =]/g, "\\$&");
}

function wrong(what: string): Failure {
  return new Failure("invalid", what);
}
