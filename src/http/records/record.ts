/** One record by its position, and its value as bytes. */

import { Failure } from "../../core/failure.ts";
import type { Log } from "../../core/log.ts";
import { checkAfter } from "../../core/page.ts";
import { comparePositions, type Position, renderPosition } from "../../core/position.ts";
import { bytesType, endType, type StoredRecord } from "../../core/record.ts";

/**
 * Throws `not_found` where no record of the key is at the position, `position_gone` where it is no
 * longer kept.
 */
export async function recordAt(
  log: Pick<Log, "read" | "bounds">,
  topic: string,
  {
    key,
    position,
    signal,
  }: {
    readonly key: string | undefined;
    readonly position: Position;
    readonly signal: AbortSignal;
  },
): Promise<StoredRecord> {
  const { start, end } = await log.bounds(topic);
  const missing = new Failure(
    "not_found",
    `Cannot find a record at position "${renderPosition(position)}" of topic "${topic}"`,
  );
  if (position.epoch === end.epoch && comparePositions(position, end) > 0) throw missing;
  // What is at the start was dropped; `after` it reads the oldest.
  if (comparePositions(position, start) <= 0) checkAfter(earlier(position), start, end);
  const low = earlier(position);
  const after = comparePositions(low, start) > 0 ? low : start;
  for await (const { records } of log.read(topic, { after, until: position, signal })) {
    for (const stored of records) {
      if (comparePositions(stored.position, position) !== 0) continue;
      const isOther = key !== undefined && stored.record.key !== key;
      if (isOther || stored.record.contentType === endType) throw missing;
      return stored;
    }
  }
  throw missing;
}

/** A position from which few records are read until the one at this. */
function earlier({ epoch, sequence, index }: Position): Position {
  return index > 0
    ? { epoch, sequence, index: index - 1 }
    : { epoch, sequence: sequence - 1, index: 0 };
}

export interface Slice {
  readonly offset: number;
  /** Undefined: to the end. */
  readonly length: number | undefined;
}

/**
 * A producer chose the type, so it may be anything: the answer is bytes to a browser, which shows
 * none of them as a page of this origin.
 */
export function valueResponse(
  bytes: Uint8Array,
  type: string,
  name: string,
  { offset, length }: Slice,
): Response {
  const part = bytes.slice(offset, length === undefined ? undefined : offset + length);
  const isType = /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+(?:; ?[A-Za-z0-9=_.-]+)*$/.test(
    type,
  );
  return new Response(part, {
    headers: {
      "content-type": bytesType,
      "sluice-content-type": isType ? type : bytesType,
      "content-disposition": `attachment; filename="${name.replaceAll(/[^A-Za-z0-9._-]+/g, "_")}"`,
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "sluice-value-bytes": String(bytes.byteLength),
    },
  });
}
