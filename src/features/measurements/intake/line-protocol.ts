/**
 * InfluxDB's line protocol, as Telegraf and the Influx clients write it:
 * `cpu,host=a usage=0.5,idle=99i 1795263600123456789`
 * (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/).
 *
 * The parser itself finds where a line ends, because a line break inside the quotes of a field's text
 * does not end it, and only the parser knows what is such a text: its quote is right behind the `=` of
 * a field. It reads each character once, or twice behind a quote without an end, and what is wrong in
 * pieces that its caller bounds.
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

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const truths = new Set(["t", "T", "true", "True", "TRUE"]);
const falsehoods = new Set(["f", "F", "false", "False", "FALSE"]);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/**
 * Tags and fields begin within so many characters of a line, and none has more: what is read in one go has
 * a bound.
 */
const lineCharsMax = 64 * 1024;
/** No float64 needs more to be exact, nor an integer. */
const numberCharsMax = 1000;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** A line that is wrong from where the reader is; its end is not found yet. */
interface Skipping {
  readonly number: number;
  readonly wrong: string;
  /** Index of the quote of the field's text that is passed; −1: of none. */
  quoteAt: number;
  /** Line breaks in that text. */
  breaks: number;
}

export class LineReader {
  readonly #text: string;
  #at = 0;
  /** Number of line breaks before `#at`. */
  #breaks = 0;
  #isFields = false;
  #lineFrom = 0;
  #skipping: Skipping | undefined;
  /** A text was found to have no end: no quote that is not escaped follows. */
  #hasNoQuotes = false;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * The next line that is neither empty nor a comment, numbered from 1. A bad line harms no other.
   * Undefined: the text is at its end, or `skippedMax` characters of empty lines, comments and what is
   * wrong were passed.
   */
  next(skippedMax: number): Line | undefined {
    const stop = Math.min(this.#text.length, this.#at + skippedMax);
    if (this.#skipping !== undefined) return this.#skip(this.#skipping, stop);
    while (this.#at < stop) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === HASH) this.#skipComment();
      else if (code === NEWLINE || code === CARRIAGE_RETURN || code === SPACE || code === TAB) {
        if (code === NEWLINE) this.#breaks++;
        this.#at++;
      } else return this.#line(skippedMax);
    }
    return undefined;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length && this.#skipping === undefined;
  }

  #line(skippedMax: number): Line | undefined {
    const number = this.#breaks + 1;
    this.#isFields = false;
    this.#lineFrom = this.#at;
    try {
      const point = this.#point();
      this.#endLine();
      return { number, point };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#skipping = { number, wrong: error.message, quoteAt: -1, breaks: 0 };
      return this.#skip(this.#skipping, this.#at + skippedMax);
    }
  }

  #point(): LinePoint {
    const name = this.#word(false);
    if (name === "") throw wrong("it has no measurement name");
    const tags = new Map<string, string>();
    while (this.#takes(COMMA)) {
      this.#requireLength();
      const key = this.#word(true);
      if (key === "" || !this.#takes(EQUALS)) throw wrong("a tag is not of the form name=value");
      const value = this.#word(true);
      if (value === "") throw wrong(`tag ${quoted(key)} has no value`);
      if (tags.has(key)) throw wrong(`tag ${quoted(key)} is there twice`);
      tags.set(key, value);
    }
    if (!this.#takes(SPACE)) throw wrong("it has no fields");
    this.#isFields = true;
    while (this.#takes(SPACE));
    const fields = new Map<string, LineValue>();
    let firstWrong: Failure | undefined;
    do {
      this.#requireLength();
      const key = this.#word(true);
      if (key === "" || !this.#takes(EQUALS)) throw wrong("a field is not of the form name=value");
      // The fields behind a bad value are read, because their texts may contain line breaks.
      const value = this.#value(key);
      if (value instanceof Failure) firstWrong ??= value;
      else fields.set(key, value);
    } while (this.#takes(COMMA));
    const time = this.#time();
    if (firstWrong !== undefined) throw firstWrong;
    return { series: seriesOf(name, tags), fields, time };
  }

  #requireLength(): void {
    if (this.#at - this.#lineFrom <= lineCharsMax) return;
    throw wrong(`it has more than ${lineCharsMax} characters before its last field`);
  }

  /** Reads up to a comma, a space, the line's end or, with `toEquals`, an equals sign, without a backslash. */
  #word(toEquals: boolean): string {
    const text = this.#text;
    const from = this.#at;
    let at = from;
    let hasEscapes = false;
    for (; at < text.length; at++) {
      if (at - from > lineCharsMax) throw this.#tooLong(at, "a name or value");
      const code = text.charCodeAt(at);
      if (code > EQUALS && code !== BACKSLASH) continue;
      if (code === BACKSLASH) {
        const next = text.charCodeAt(at + 1);
        if (!isEscaped(next) || (next === EQUALS && !toEquals)) continue;
        hasEscapes = true;
        at++;
      } else if (code === COMMA || code === SPACE || (code === EQUALS && toEquals)) break;
      else if (isLineEnd(text, at)) break;
    }
    this.#at = at;
    const word = text.slice(from, at);
    if (!hasEscapes) return word;
    // A measurement's name may contain equals signs, which are not escaped there.
    return word.replaceAll(toEquals ? /\\([, =])/g : /\\([, ])/g, "$1");
  }

  #value(key: string): LineValue | Failure {
    const text = this.#text;
    const from = this.#at;
    if (text.charCodeAt(from) === QUOTE) return { text: this.#quotedText(key) };
    let at = from;
    while (at < text.length && !isValueEnd(text, at)) {
      if (++at - from > lineCharsMax) throw this.#tooLong(at, `field ${quoted(key)}`);
    }
    this.#at = at;
    const written = text.slice(from, at);
    if (truths.has(written)) return 1;
    if (falsehoods.has(written)) return 0;
    const kind = written.at(-1);
    if ((kind === "i" || kind === "u") && /^[+-]?\d{1,40}[iu]$/.test(written)) {
      const whole = BigInt(written.slice(0, -1).replace("+", ""));
      const [min, max] = kind === "i" ? [-int64Max - 1n, int64Max] : [0n, uint64Max];
      if (whole >= min && whole <= max) return Number(whole);
      const expected = kind === "i" ? "an int64" : "a uint64";
      return wrong(`field ${quoted(key)} is ${quoted(written)}, expected ${expected}`);
    }
    const isNumber = written.length <= numberCharsMax && numberPattern.test(written);
    const value = isNumber ? Number(written) : Number.NaN;
    if (Number.isFinite(value)) return value;
    return wrong(`field ${quoted(key)} is ${quoted(written)}, expected a finite number`);
  }

  /** Reads the text whose quote is here. A line break in it does not end the line. */
  #quotedText(key: string): string {
    const end = this.#quoteEnd(this.#at);
    if (end < 0) throw wrong(`the text of field ${quoted(key)} has no end`);
    if (end - this.#at > lineCharsMax) throw this.#tooLong(this.#at, `field ${quoted(key)}`);
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text.includes("\\") ? text.replaceAll(/\\(["\\])/g, "$1") : text;
  }

  /**
   * Index of the quote that ends the text that opens at `at`, whose line breaks are counted; −1 without
   * one. Of a text that is too long it is an index in it.
   */
  #quoteEnd(at: number): number {
    const text = this.#text;
    let breaks = 0;
    for (let end = at + 1; end < text.length; end++) {
      if (end - at > lineCharsMax) return end;
      const code = text.charCodeAt(end);
      if (code === NEWLINE) breaks++;
      else if (code === QUOTE) {
        this.#breaks += breaks;
        return end;
      } else if (code === BACKSLASH) {
        const next = text.charCodeAt(end + 1);
        if (next === QUOTE || next === BACKSLASH) end++;
      }
    }
    return -1;
  }

  #time(): bigint | undefined {
    const text = this.#text;
    if (this.#at < text.length && !isLineEnd(text, this.#at) && !this.#takes(SPACE)) {
      throw wrong("there is more after its fields");
    }
    const from = this.#at;
    let at = from;
    while (at < text.length && !isLineEnd(text, at)) {
      if (++at - from > lineCharsMax) throw this.#tooLong(at, "what follows its fields");
    }
    this.#at = at;
    const written = text.slice(from, at).trim();
    if (written === "") return undefined;
    if (/^-?\d{1,19}$/.test(written)) return BigInt(written);
    throw wrong(`time ${quoted(written)} is not a whole number`);
  }

  #takes(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #skipComment(): void {
    const newline = this.#text.indexOf("\n", this.#at);
    this.#at = newline < 0 ? this.#text.length : newline;
  }

  /** Moves behind the line break. */
  #endLine(): void {
    const newline = this.#text.charCodeAt(this.#at) === CARRIAGE_RETURN ? this.#at + 1 : this.#at;
    this.#at = newline + 1;
    if (newline < this.#text.length) this.#breaks++;
  }

  /** The reader goes on at `at`. */
  #tooLong(at: number, what: string): Failure {
    this.#at = at;
    return wrong(`${what} has more than ${lineCharsMax} characters`);
  }

  /**
   * Moves behind a line that is wrong, and behind the texts of its fields; undefined where that is
   * after `stop`.
   */
  #skip(line: Skipping, stop: number): Line | undefined {
    const text = this.#text;
    let at = this.#at;
    for (; at < text.length; at++) {
      if (at >= stop) {
        this.#at = at;
        return undefined;
      }
      const code = text.charCodeAt(at);
      if (line.quoteAt >= 0) at = this.#skipInText(line, at, code);
      else if (isLineEnd(text, at)) break;
      else if (code === BACKSLASH) {
        if (isEscaped(text.charCodeAt(at + 1))) at++;
      } else if (code === SPACE) this.#isFields = true;
      else if (code === QUOTE && this.#isFields && text.charCodeAt(at - 1) === EQUALS) {
        if (!this.#hasNoQuotes) line.quoteAt = at;
      }
    }
    if (line.quoteAt >= 0) {
      // Without its end, the quote makes this line wrong, but not those after it.
      this.#hasNoQuotes = true;
      this.#at = line.quoteAt + 1;
      line.quoteAt = -1;
      line.breaks = 0;
      return undefined;
    }
    this.#at = at;
    this.#endLine();
    this.#skipping = undefined;
    const { number, wrong } = line;
    return { number, wrong };
  }

  /** The index of the last character that was looked at. */
  #skipInText(line: Skipping, at: number, code: number): number {
    if (code === NEWLINE) line.breaks++;
    else if (code === QUOTE) {
      this.#breaks += line.breaks;
      line.breaks = 0;
      line.quoteAt = -1;
    } else if (code === BACKSLASH) {
      const next = this.#text.charCodeAt(at + 1);
      if (next === QUOTE || next === BACKSLASH) return at + 1;
    }
    return at;
  }
}

/** What a backslash escapes outside of texts. */
function isEscaped(code: number): boolean {
  return code === COMMA || code === SPACE || code === EQUALS;
}

function isValueEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === COMMA || code === SPACE || isLineEnd(text, at);
}

function isLineEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === NEWLINE) return true;
  return (
    code === CARRIAGE_RETURN && (at + 1 === text.length || text.charCodeAt(at + 1) === NEWLINE)
  );
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
