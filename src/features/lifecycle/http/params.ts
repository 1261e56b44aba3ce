/** Texts of queries about lifecycles: the cursor of a list, stages, times. */

import { z } from "zod";
import { type Failure, invalidField, quoted } from "../../../core/failure.ts";
import { expectedTime, parseTime } from "../../../core/time.ts";
import { textFromUtf8 } from "../../../core/utf8.ts";
import { idBytesMax, parseEventId } from "../event.ts";
import type { LifecycleCursor } from "../lifecycle.ts";

const stagesMax = 20;

/** Event names, separated by commas. Throws `invalid`, as the others do. */
export function parseStages(text: string, field: string): readonly string[] {
  const stages = text.split(",").map((stage) => parseEventId(field, stage));
  if (stages.length <= stagesMax) return stages;
  throw wrongParam(field, text, `at most ${stagesMax}`);
}

export function parseInstant(text: string, field: string): bigint {
  const ns = parseTime(text);
  if (ns !== undefined) return ns;
  throw wrongParam(field, text, expectedTime(text, "an RFC 3339 time"));
}

export function renderCursor({ firstNs, messageId, appId }: LifecycleCursor): string {
  const text = JSON.stringify([firstNs.toString(), messageId, appId]);
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

const cursorShape = z.tuple([z.string().regex(/^-?\d{1,18}$|^-?\d{19}$/), z.string(), z.string()]);

/** Three texts of an id's length at most, as JSON in base64. */
const tokenLengthMax = idBytesMax * 10;

export function parseCursor(token: string, field: string): LifecycleCursor {
  try {
    if (token.length > tokenLengthMax) throw new RangeError("It is longer than any");
    const bytes = Uint8Array.fromBase64(token, { alphabet: "base64url" });
    const given: unknown = JSON.parse(textFromUtf8(bytes));
    const [firstNs, messageId, appId] = cursorShape.parse(given);
    return { firstNs: BigInt.asIntN(64, BigInt(firstNs)), messageId, appId };
  } catch {
    throw wrongParam(field, token, "the next of an earlier answer");
  }
}

function wrongParam(field: string, given: string, expected: string): Failure {
  return invalidField(field, `Cannot use ${field} ${quoted(given)}: expected ${expected}`);
}
