/** Brings one subscription nearer to the live position by reading the log. */
import { sleep, type Clock } from "../core/clock.ts";
import { failureFrom, type Failure } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import { comparePositions, parsePosition, type Position } from "../core/position.ts";
import { chunksOf } from "./channel.ts";
import type { Member } from "./member.ts";
import { replayBytesMax } from "./options.ts";

/** A bound on the replays that read the log at once; the others wait in line. */
export class ReplaySlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

export interface ReplayHost {
  readonly log: Log;
  readonly clock: Clock;
  readonly slots: ReplaySlots;
}

/** `moved`: look again where the member stands; `ahead`: it stands after what the node has read. */
export type ReplayOutcome = "moved" | "ahead";

/** Reads one batch after where the member stands, up to `until`, and delivers it. */
export async function replayFromLog(
  host: ReplayHost,
  member: Member,
  until: Position,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  return host.slots.use(async () => {
    // It may have waited for long.
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
  { log }: ReplayHost,
  member: Member,
  until: Position,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const { topic, key } = member.channel;
  const options = key === undefined ? { until } : { until, key };
  for await (const batch of log.read(topic, { ...options, after: member.at, signal })) {
    if (member.state === "replaying") deliverAll(member, batch.records, batch.through);
    return "moved";
  }
  // Nothing lies between: the member stands where it was to be brought.
  if (!signal.aborted && member.state === "replaying") member.at = until;
  return "moved";
}

/** Delivers records in chunks until the sink is full; the member stands after the last one taken. */
export function deliverAll(
  member: Member,
  records: Parameters<typeof chunksOf>[1],
  through: Position,
): void {
  if (records.length === 0) {
    member.at = through;
    return;
  }
  const { channel } = member;
  for (const chunk of chunksOf(channel, records, through, replayBytesMax)) {
    member.deliver(chunk, channel.endsWith(chunk));
    if (member.state !== "replaying") return;
  }
}

/** A position past what this node has read: another node gave it, or it is none of this log's. */
async function checkAhead(
  { log }: ReplayHost,
  member: Member,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const { topic } = member.channel;
  const { at } = member;
  const { end } = await log.bounds(topic);
  if (comparePositions(at, end) <= 0) return "ahead";
  // The driver words the refusal: it throws `position_gone` with where reading can start.
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
