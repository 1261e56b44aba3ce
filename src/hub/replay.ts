/** Brings one subscription nearer to the live position by reading the log. */

import type { Semaphore } from "../core/budget/semaphore.ts";
import type { Turns } from "../core/budget/turn.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { type Failure, failureFrom } from "../core/failure.ts";
import type { Log, LogBatch } from "../core/log.ts";
import { comparePositions, parsePosition, type Position } from "../core/position.ts";
import { chunksOf, countDelivery } from "./channel.ts";
import type { Member } from "./member.ts";
import { replayBytesMax } from "./options.ts";
import type { ReplayRemainders } from "./replay-remainders.ts";

export interface ReplayHost {
  readonly log: Log;
  readonly clock: Clock;
  /** Bounds the replays that read the log at once; the others wait. */
  readonly replays: Semaphore;
  readonly remainders: ReplayRemainders;
  /** What a replay decodes, it decodes in turns. */
  readonly turns: Turns;
}

/** `moved`: compare the member's position again; `ahead`: it is after what the node has read. */
export type ReplayOutcome = "moved" | "ahead";

/** Reads one batch after the member's position, up to `until`, and delivers it. */
export async function replayFromLog(
  host: ReplayHost,
  member: Member,
  until: Position,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  return host.replays.use(async () => {
    // It may have waited long for its turn.
    if (member.state !== "replaying") return "moved";
    try {
      if (comparePositions(member.at, until) > 0) return await checkAhead(host, member, signal);
      return await readOnce(host, member, until, signal);
    } catch (error) {
      return recover(host, member, failureFrom(error), signal);
    }
  });
}

async function readOnce(
  { log, remainders, turns }: ReplayHost,
  member: Member,
  until: Position,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const { topic, key } = member.channel;
  const remainder = remainders.take(member, until);
  if (remainder !== undefined) {
    deliverAndKeep(remainders, member, remainder);
    return "moved";
  }
  // A reader that has left is not decoded for: thousands may come and go in a second.
  const caller = {
    get aborted() {
      return signal.aborted || member.state !== "replaying";
    },
  };
  const turn = turns.open(caller);
  const options = key === undefined ? { until, turn } : { until, turn, key };
  for await (const batch of log.read(topic, { ...options, after: member.at, signal })) {
    if (member.state === "replaying") deliverAndKeep(remainders, member, batch);
    return "moved";
  }
  // Nothing lies between: the member is up to date.
  if (!signal.aborted && member.state === "replaying") member.at = until;
  return "moved";
}

function deliverAndKeep(
  remainders: ReplayRemainders,
  member: Member,
  batch: Pick<LogBatch, "records" | "through">,
): void {
  const taken = deliverAll(member, batch.records, batch.through);
  // Its sink is full: it will come back for the rest.
  if (member.state !== "stalled" || taken === batch.records.length) return;
  const records = batch.records.slice(taken);
  remainders.keep(member, { after: member.at, records, through: batch.through });
}

/**
 * Delivers records in chunks until the sink is full; the member's position is then after the last one
 * taken. Returns how many were taken.
 */
export function deliverAll(
  member: Member,
  records: Parameters<typeof chunksOf>[1],
  through: Position,
): number {
  if (records.length === 0) {
    member.at = through;
    return 0;
  }
  const { channel } = member;
  let taken = 0;
  for (const chunk of chunksOf(channel, records, through, replayBytesMax)) {
    taken += chunk.records.length;
    countDelivery(channel.counts, chunk, 1);
    member.deliver(chunk, channel.endsWith(chunk));
    if (member.state !== "replaying") break;
  }
  return taken;
}

/** A position ahead of this node: either another node issued it, or it does not belong to this log. */
async function checkAhead(
  { log }: ReplayHost,
  member: Member,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const { topic } = member.channel;
  const { at } = member;
  const { end } = await log.bounds(topic);
  if (comparePositions(at, end) <= 0) return "ahead";
  // For the driver's error: it throws `position_gone` with the position where reading can start.
  for await (const _ of log.read(topic, { after: at, until: at, signal })) break;
  return "ahead";
}

async function recover(
  { clock }: ReplayHost,
  member: Member,
  failure: Failure,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  if (member.state !== "replaying") return "moved";
  if (failure.code === "position_gone" && failure.position !== undefined) {
    member.reset(parsePosition(failure.position), failure);
  } else if (failure.code === "unavailable" || failure.code === "overloaded") {
    await sleep(clock, 250, signal);
  } else {
    member.end(failure);
  }
  return "moved";
}
