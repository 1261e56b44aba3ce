/**
 * The number of fields of a message, in either codec, before it is decoded. A decoder makes an object of
 * a field that has two bytes, so a message of megabytes may take seconds and a gigabyte to decode.
 */

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Turn } from "../core/budget/turn.ts";
import { BACKSLASH, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../core/json/bytes.ts";
import { WireCursor } from "../core/wire.ts";
import { messageTooLarge } from "./thin/errors.ts";

/** Bytes that are read between two looks at the clock: a fraction of a millisecond. */
const stepBytes = 32 * 1024;

/**
 * Throws `too_large` for a message of more fields, and `invalid` for one that is malformed. `desc`:
 * of a binary message; undefined: it is JSON.
 */
export async function checkFields(
  message: Uint8Array,
  desc: DescMessage | undefined,
  fieldsMax: number,
  turn: Turn,
): Promise<void> {
  // A field has two bytes at least.
  if (message.byteLength <= 2 * fieldsMax) {
    if (desc !== undefined) checkWire(message, desc, fieldsMax);
    return;
  }
  if (desc === undefined) await checkValues(message, fieldsMax, turn);
  else checkWire(message, desc, fieldsMax);
}

/** Commas and openings outside of strings: there are at least half as many values. */
async function checkValues(text: Uint8Array, valuesMax: number, turn: Turn): Promise<void> {
  let count = 0;
  let isString = false;
  for (let at = 0; at < text.byteLength;) {
    if (turn.isOver) await turn.next();
    const end = Math.min(text.byteLength, at + stepBytes);
    for (; at < end; at++) {
      const byte = text[at];
      if (byte === QUOTE) isString = !isString;
      else if (isString) {
        if (byte === BACKSLASH) at++;
      } else if (byte === COMMA || byte === OPEN_BRACE || byte === OPEN_BRACKET) count++;
    }
    if (count > valuesMax) throw tooMany(valuesMax);
  }
}

/** Ends at the bound, so it takes some milliseconds at most and needs no turns. */
function checkWire(message: Uint8Array, desc: DescMessage, fieldsMax: number): void {
  const cursor = new WireCursor(message);
  const outer: { readonly end: number; readonly shape: Shape }[] = [];
  let shape = shapeOf(desc);
  for (let count = 0; ;) {
    while (cursor.at === cursor.end) {
      const parent = outer.pop();
      if (parent === undefined) return;
      cursor.end = parent.end;
      shape = parent.shape;
    }
    if (++count > fieldsMax) throw tooMany(fieldsMax);
    const tag = cursor.varint();
    const inner = (tag & 7) === 2 ? shape.get(tag >>> 3) : undefined;
    if (inner === undefined) cursor.skip(tag);
    else {
      const end = cursor.delimited();
      outer.push({ end: cursor.end, shape });
      cursor.end = end;
      shape = inner;
    }
  }
}

/** The fields of a message that are messages. */
type Shape = Map<number, Shape>;

const shapes = new WeakMap<DescMessage, Shape>();

function shapeOf(desc: DescMessage): Shape {
  const known = shapes.get(desc);
  if (known !== undefined) return known;
  const shape: Shape = new Map();
  // Before its fields, which may have the same type.
  shapes.set(desc, shape);
  for (const field of desc.fields) {
    const inner = innerShape(field);
    if (inner !== undefined) shape.set(field.number, inner);
  }
  return shape;
}

function innerShape(field: DescField): Shape | undefined {
  if (field.fieldKind === "map") {
    return new Map(field.message === undefined ? [] : [[2, shapeOf(field.message)]]);
  }
  return field.message === undefined ? undefined : shapeOf(field.message);
}

function tooMany(fieldsMax: number): Error {
  return messageTooLarge(
    `more than ${fieldsMax} fields: send its records in several (SLUICE_BATCH_RECORDS_MAX)`,
  );
}
