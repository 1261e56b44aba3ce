/** Texts of queries about overdue ids: times, and the token of a page. */

import { z } from "zod";
import { type Failure, invalidField, quoted } from "../../../core/failure.ts";
import { expectedTime, parseTime } from "../../../core/time.ts";
import { textFromUtf8 } from "../../../core/utf8.ts";
import type { OverdueCursor } from "../everywhere.ts";

/** Nanoseconds since 1970. Throws `invalid`, as the other does. */
export function parseInstant(text: string, field: string): bigint {
  const ns = parseTime(text);
  if (ns !== undefined) return ns;
  throw wrongParam(field, text, expectedTime(text, "an RFC 3339 time"));
}

/** A topic, an event or an application: no name has a control character, and the store takes no NUL. */
export function parseSought(text: string, field: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw wrongParam(field, text, "text without control characters");
}

const cursorShape = z.tuple([
  z.string().regex(/^-?\d{1,18}$|^-?\d{19}$/),
  z.string(),
  z.string(),
  z.string().nullable(),
]);

/** Names and ids of at most a few kilobytes, as JSON in base64. */
const tokenLengthMax = 100_000;

export function renderOverdueCursor({ firstNs, source, id, app }: OverdueCursor): string {
  const text = JSON.stringify([firstNs.toString(), source, id, app ?? null]);
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

export function parseOverdueCursor(token: string, field: string): OverdueCursor {
  try {
    if (token.length > tokenLengthMax) throw new RangeError("It is longer than any");
    const bytes = Uint8Array.fromBase64(token, { alphabet: "base64url" });
    const given: unknown = JSON.parse(textFromUtf8(bytes));
    const [firstNs, source, id, app] = cursorShape.parse(given);
    // The store could not even compare with a NUL.
    if ([source, id, app].some((text) => text?.includes("\0"))) {
      throw new RangeError("No id has it");
    }
    return { firstNs: BigInt.asIntN(64, BigInt(firstNs)), source, id, app: app ?? undefined };
  } catch {
    throw wrongParam(field, token, "the next of an earlier answer");
  }
}

function wrongParam(field: string, given: string, expected: string): Failure {
  return invalidField(field, `Cannot use ${field} ${quoted(given)}: expected ${expected}`);
}
