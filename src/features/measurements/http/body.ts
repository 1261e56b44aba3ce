/**
 * Bodies of measurements: one object, an array, or one object a line. Lines are taken as they come,
 * so a body of lines is not bounded, and is read no faster than the log makes it durable.
 */

import { Buffer } from "node:buffer";
import type { Bodies } from "../../../http/body.ts";
import type { EncodedCall, EncodedTopic } from "../../../ingest/encoded.ts";
import type { Intake } from "../intake/intake.ts";

/** A measurement of 64 values, each written with all its digits, is a twentieth of this. */
export const lineBytesMax = 64 * 1024;

export interface BodyTarget {
  readonly topic: EncodedTopic;
  readonly call: EncodedCall;
  readonly intake: Intake;
}

/** What a body was read as: a single object has another answer. */
export type BodyForm = "one" | "array" | "lines";

const pieceBytes = 256 * 1024;
const NEWLINE = 0x0a;
const OPEN_BRACKET = 0x5b;

/** A body as a whole. `isLines`: its content type says that it is lines. */
export function takeWhole(body: Buffer, isLines: boolean, intake: Intake): BodyForm {
  const text = trim(body);
  if (isLines) intake.lines(text);
  else if (text[0] === OPEN_BRACKET) {
    intake.array(text);
    return "array";
  } else if (formOf(text) === "lines") intake.lines(text);
  else {
    if (text.byteLength > 0) intake.one(text);
    return "one";
  }
  return "lines";
}

/** A body as it comes. Throws `too_large` where it is not lines and larger than a body may be. */
export async function takeStream(
  chunks: AsyncIterable<Uint8Array>,
  isLines: boolean,
  bodies: Bodies,
  { topic, call, intake }: BodyTarget,
): Promise<BodyForm> {
  const iterator = pieces(chunks);
  const rest = { [Symbol.asyncIterator]: () => iterator };
  let begun: Buffer = Buffer.alloc(0);
  let isDecided = isLines;
  let isTooLong = false;
  for await (const chunk of rest) {
    let bytes = begun.byteLength === 0 ? bufferOf(chunk) : Buffer.concat([begun, chunk]);
    if (!isDecided) {
      bytes = bytes.subarray(spaceEnd(bytes));
      const form = formOf(bytes);
      if (form === "whole") {
        const whole = await bodies.collect(prepended(bytes, rest));
        return takeWhole(bufferOf(whole), false, intake);
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
    intake.lines(bytes.subarray(0, end));
    begun = bytes.subarray(end);
    if (begun.byteLength > lineBytesMax) {
      intake.refuse(lineTooLong);
      begun = Buffer.alloc(0);
      isTooLong = true;
    }
    if (topic.inFlight.isFull) {
      call.expedite();
      await topic.inFlight.room();
    }
  }
  if (!isDecided) return takeWhole(begun, false, intake);
  if (!isTooLong) intake.lines(begun);
  return "lines";
}

/** What is in flight is checked after each piece, however large the chunks are. */
async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; at += pieceBytes) {
      yield chunk.subarray(at, at + pieceBytes);
    }
  }
}

/** `undefined`: its first line is not complete yet. An object over several lines is not lines. */
function formOf(text: Buffer): "lines" | "whole" | undefined {
  if (text[0] === OPEN_BRACKET) return "whole";
  const newline = text.indexOf(NEWLINE);
  if (newline < 0) return text.byteLength > lineBytesMax ? "whole" : undefined;
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

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}

const lineTooLong = {
  field: "body",
  code: "too_large",
  message: `Cannot take a line of more than ${lineBytesMax} bytes`,
} as const;
