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

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

export interface ReplayHost {
  readonly log: Log;
  readonly clock: Clock;
  readonly slots: ReplaySlots;
}

/**
 * `moved`: look again; `stalled`: the sink is full; `ahead`: the member stands after `until`;
 * `refused`: the peer is gone; `over`: the subscription has ended.
 */
export type ReplayOutcome = "moved" | "stalled" | "ahead" | "refused" | "over";

/** Reads one batch after where the member stands, up to `until`, and delivers it. */
export async function replayFromLog(
  host: ReplayHost,
  member: Member,
  fromEarliest: boolean,
  until: Position,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  await host.slots.take();
  try {
    if (member.state !== "replaying") return "over";
    if (fromEarliest) {
      member.at = (await host.log.bounds(member.channel.topic)).start;
      return "moved";
    }
    if (comparePositions(member.at, until) > 0) return await checkAhead(host, member);
    return await readOnce(host, member, until, signal);
  } catch (error) {
    if (signal.aborted) return "over";
    return await recover(host, member, failureFrom(error), signal);
  } finally {
    host.slots.give();
  }
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
    if (member.state !== "replaying") return "over";
    return deliverAll(member, batch.records, batch.through);
  }
  if (signal.aborted) return "over";
  // Nothing lies between: the member stands where it was to be brought.
  member.at = until;
  return "moved";
}

/** Delivers records in chunks until the sink is full; the member stands after the last one taken. */
export function deliverAll(
  member: Member,
  records: Parameters<typeof chunksOf>[1],
  through: Position,
): ReplayOutcome {
  if (records.length === 0) {
    member.at = through;
    return "moved";
  }
  for (const chunk of chunksOf(member.channel, records, through, replayBytesMax)) {
    const sent = member.subscriber.deliver(chunk);
    // The face may have closed the subscription from inside `deliver`.
    if (member.state !== "replaying") return "over";
    if (sent === "refused") return "refused";
    member.at = chunk.through;
    if (member.channel.endsWith(chunk)) {
      member.end("ended");
      return "over";
    }
    if (sent === "queued") return "stalled";
  }
  return "moved";
}

/** A position past what this node has read: another node gave it, or it is none of this log's. */
async function checkAhead({ log }: ReplayHost, member: Member): Promise<ReplayOutcome> {
  const { topic } = member.channel;
  const { end } = await log.bounds(topic);
  if (comparePositions(member.at, end) <= 0) return "ahead";
  // The driver words the refusal: it throws `position_gone` with where reading can start.
  for await (const _ of log.read(topic, { after: member.at, until: member.at })) break;
  return "ahead";
}

async function recover(
  { clock }: ReplayHost,
  member: Member,
  failure: Failure,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  if (member.state !== "replaying") return "over";
  if (failure.code === "position_gone" && failure.position !== undefined) {
    const position = parsePosition(failure.position);
    const sent = member.subscriber.reset(position, failure);
    member.at = position;
    if (sent === "sent") return "moved";
    return sent === "queued" ? "stalled" : "refused";
  }
  if (failure.code === "unavailable" || failure.code === "overloaded") {
    await sleep(clock, 250, signal);
    return "moved";
  }
  member.end(failure);
  return "over";
}
