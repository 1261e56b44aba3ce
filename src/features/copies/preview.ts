/** What a job would send: counted without sending anything, within a few seconds. */

import type { Caller } from "../../core/access/caller.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { endType } from "../../core/record.ts";
import type { CopyConfig } from "./copy.ts";
import { copyOf, type SenderDeps } from "./sender.ts";

export interface Preview {
  readonly read: number;
  readonly matched: number;
  /** Records that the target would refuse now. */
  readonly refused: number;
  readonly lastRefusal: string | undefined;
  /** Everything up to here was looked at. */
  readonly position: Position;
  /** Whether that is all. */
  readonly isWhole: boolean;
}

const previewMs = 3000;

export async function previewRecords(
  { log, ingest, filters, turns, clock }: Omit<SenderDeps, "store">,
  { source, target, after, until, filter: asked }: Omit<CopyConfig, "rate">,
  by: Caller,
  signal: AbortSignal,
): Promise<Preview> {
  const filter = await filters.compile(asked);
  const turn = turns.open(signal);
  const endMs = clock.nowMs() + previewMs;
  const counts = { read: 0, matched: 0, refused: 0 };
  let lastRefusal: string | undefined;
  let position = after;
  if (comparePositions(after, until) >= 0) {
    return { ...counts, lastRefusal, position, isWhole: true };
  }
  const key = asked.key === undefined ? {} : { key: asked.key };
  const enough = new AbortController();
  const ended = AbortSignal.any([signal, enough.signal]);
  for await (const batch of log.read(source, { after, until, signal: ended, turn, ...key })) {
    const { records, through } = batch;
    const found = filter === undefined ? records : (await filter.apply(records, turn)).records;
    const sent = found.filter(({ record }) => record.contentType !== endType);
    const copies = sent.map((stored) => copyOf(stored, source));
    const { refused } = await ingest.preview(target, copies, by);
    counts.read += records.length;
    counts.matched += sent.length;
    counts.refused += refused.length;
    lastRefusal = refused.at(-1)?.message ?? lastRefusal;
    position = through;
    if (clock.nowMs() > endMs) break;
  }
  enough.abort();
  turn.requireCaller();
  return { ...counts, lastRefusal, position, isWhole: comparePositions(position, until) >= 0 };
}
