/**
 * Bodies of measurements: one object, an array, or one object a line. Lines are taken as they come,
 * so a body of lines is not bounded, and is read no faster than the log makes it durable.
 */

import { Buffer } from "node:buffer";
import type { Caller } from "../../../core/access/caller.ts";
import type { Turn } from "../../../core/budget/turn.ts";
import { withoutMark } from "../../../core/json/json.ts";
import type { Bodies } from "../../../http/body.ts";
import type { EncodedCall, EncodedTopic } from "../../../ingest/encoded.ts";
import type { Intake } from "../intake/intake.ts";
import { isSpace, measurementBytesMax } from "../intake/json-cursor.ts";

export interface BodyTarget {
  readonly topic: EncodedTopic;
  readonly call: EncodedCall;
  readonly intake: Intake;
  /** A body may last longer than its credential. */
  readonly by: Caller;
  /** Only lists are read in turns, and to open one costs as much as a measurement. */
  readonly openTurn: () => Turn;
}

/** What a body was read as: a single object has another answer. */
export type BodyForm = "one" | "array" | "lines";

const pieceBytes = 256 * 1024;
/** Length of a byte order mark. */
const markBytes = 3;
const NEWLINE = 0x0a;
const OPEN_BRACKET = 0x5b;

/** A body as a whole. `isLines`: its content type says that it is lines. */
export function takeWhole(
  body: Uint8Array,
  isLines: boolean,
  { intake, openTurn }: Pick<BodyTarget, "intake" | "openTurn">,
): BodyForm | Promise<BodyForm> {
  const text = trim(bufferOf(withoutMark(body)));
  if (isLines) return intake.lines(text, openTurn()).then(() => "lines");
  if (text[0] === OPEN_BRACKET) return intake.array(text, openTurn()).then(() => "array");
  if (formOf(text) === "lines") return intake.lines(text, openTurn()).then(() => "lines");
  if (text.byteLength > 0) intake.one(text);
  return "one";
}

/** A body as it comes. Throws `too_large` where it is not lines and larger than a body may be. */
export async function takeStream(
  chunks: AsyncIterable<Uint8Array>,
  isLines: boolean,
  bodies: Bodies,
  target: BodyTarget,
): Promise<BodyForm> {
  const { topic, call, intake, openTurn, by } = target;
  const turn = openTurn();
  const iterator = pieces(chunks);
  const rest = { [Symbol.asyncIterator]: () => iterator };
  let begun: Buffer = Buffer.alloc(0);
  let isDecided = isLines;
  let isTooLong = false;
  for await (const chunk of rest) {
    if (by.ended !== undefined) throw by.ended;
    let bytes = begun.byteLength === 0 ? bufferOf(chunk) : Buffer.concat([begun, chunk]);
    if (!isDecided) {
      bytes = bytes.subarray(spaceEnd(bytes));
      const form = formOf(bytes);
      if (form === "whole") {
        const whole = await bodies.collect(prepended(bytes, rest));
        return await takeWhole(whole, false, target);
      }
      isDecided = form === "lines";
      begun = bytes;
      if (!isDecided) continue;
    }
    if (isTooLong) {
      const newline = bytes.indexOf(NEWLINE);
      if (newline < 0) continue;
      bytes = bytes.subarray(newline + 1);
      isTooLong = false;
    }
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    await intake.lines(bytes.subarray(0, end), turn);
    begun = bytes.subarray(end);
    if (begun.byteLength > measurementBytesMax) {
      intake.refuse(lineTooLong);
      begun = Buffer.alloc(0);
      isTooLong = true;
    }
    while (topic.inFlight.isFullFor(by.portion)) {
      call.expedite();
      await topic.inFlight.room(by.portion);
    }
    await by.allowance?.rest();
  }
  if (!isDecided) return await takeWhole(begun, false, target);
  if (!isTooLong) await intake.lines(begun, turn);
  return "lines";
}

/**
 * What is in flight is checked after each piece, however large the chunks are. A byte order mark in
 * front of all is dropped.
 */
async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of chunks) {
    let bytes: Uint8Array = chunk;
    if (head !== undefined) {
      bytes = Buffer.concat([head, chunk]);
      head = bytes.byteLength < markBytes ? bytes : undefined;
      if (head !== undefined) continue;
      bytes = withoutMark(bytes);
    }
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      yield bytes.subarray(at, at + pieceBytes);
    }
  }
  if (head !== undefined && head.byteLength > 0) yield head;
}

/** `undefined`: its first line is not complete yet. An object over several lines is not lines. */
function formOf(text: Buffer): "lines" | "whole" | undefined {
  if (text[0] === OPEN_BRACKET) return "whole";
  const newline = text.indexOf(NEWLINE);
  const length = newline < 0 ? text.byteLength : newline;
  if (length > measurementBytesMax) return "whole";
  if (newline < 0) return undefined;
  try {
    JSON.parse(text.toString("utf8", 0, newline));
    return "lines";
  } catch {
    return "whole";
  }
}

async function* prepended(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function trim(body: Buffer): Buffer {
  let to = body.byteLength;
  while (to > 0 && isSpace(body[to - 1])) to--;
  return body.subarray(Math.min(spaceEnd(body), to), to);
}

function spaceEnd(bytes: Buffer): number {
  let at = 0;
  while (isSpace(bytes[at])) at++;
  return at;
}

const lineTooLong = {
  field: "body",
  code: "too_large",
  message: `Cannot take a line of more than ${measurementBytesMax} bytes`,
} as const;
