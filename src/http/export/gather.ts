/** The records of a range that a filter lets through, in groups that are small enough for memory. */

import type { Turn } from "../../core/budget/turn.ts";
import type { RecordFilter } from "../../core/filter/record-filter.ts";
import type { Log } from "../../core/log.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { endType, recordBytes } from "../../core/record.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { ExportedRecord } from "./records.ts";

export interface ExportRange {
  readonly topic: string;
  readonly key: string | undefined;
  readonly after: Position | "earliest";
  /** The last record to look at. */
  readonly until: Position;
  readonly filter: RecordFilter | undefined;
  /** Undefined: values are given as they are. */
  readonly decoder: RecordDecoder | undefined;
  readonly signal: AbortSignal;
  readonly turn: Turn;
}

const groupBytes = 1024 * 1024;
const groupRecords = 4096;
/** Records that are decoded at once. */
const decodedAtOnce = 32;

/** Throws what the log, the filter, the decoder and the turn throw. */
export async function* exportedGroups(
  log: Pick<Log, "read">,
  { topic, key, after, until, filter, decoder, signal, turn }: ExportRange,
): AsyncGenerator<readonly ExportedRecord[]> {
  let group: ExportedRecord[] = [];
  let bytes = 0;
  const ofKey = key === undefined ? {} : { key };
  for await (const batch of log.read(topic, { after, until, signal, turn, ...ofKey })) {
    const within = batch.records.filter(
      ({ position, record }) =>
        comparePositions(position, until) <= 0 && record.contentType !== endType,
    );
    const records = filter === undefined ? within : (await filter.apply(within, turn)).records;
    for (let at = 0; at < records.length; at += decodedAtOnce) {
      if (turn.isOver) await turn.next();
      const some = records.slice(at, at + decodedAtOnce);
      const decoded = await decoder?.decode(some.map(({ record }) => record));
      for (const [i, stored] of some.entries()) {
        group.push({ stored, decoded: decoded?.[i] });
        bytes += recordBytes(stored.record);
      }
      if (bytes < groupBytes && group.length < groupRecords) continue;
      yield group;
      group = [];
      bytes = 0;
    }
  }
  turn.requireCaller();
  if (group.length > 0) yield group;
}
