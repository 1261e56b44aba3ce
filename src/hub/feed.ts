/** Live fan-out of one topic on this node. */

import { sleep } from "../core/clock.ts";
import { Failure, failureFrom } from "../core/failure.ts";
import { partsOf } from "../core/log-parts.ts";
import type { LogBatch } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import { comparePositions, epochStart, parsePosition, type Position } from "../core/position.ts";
import type { Tracing } from "../core/trace/trace.ts";
import { Channel } from "./channel.ts";
import { Chunk } from "./chunk.ts";
import type { HubCounts } from "./counts.ts";
import { traceDelivery } from "./delivery-trace.ts";
import { Member, type MemberHost } from "./member.ts";
import type { HubOptions } from "./options.ts";
import { replayBytesMax } from "./options.ts";
import { deliverAll, replayFromLog, type ReplayHost, type ReplayOutcome } from "./replay.ts";
import type { Subscriber } from "./subscriber.ts";
import type { WindowBudget, WindowOwner } from "./window-budget.ts";
import { Window } from "./window.ts";

export interface FeedHost extends ReplayHost {
  readonly windows: WindowBudget;
  readonly logger: Logger;
  readonly options: HubOptions;
  readonly counts: HubCounts;
  readonly tracing?: Tracing | undefined;
  /** The feed has closed. */
  dropped(feed: Feed): void;
}

/** Records that are put into the window and to their channels within a millisecond. */
const takenAtOnce = 1000;

/**
 * One reader of the log serves all subscribers of the topic. A record takes these ways:
 *
 * 1. The reader adds it to the window of the newest records and to the pending records of its key's
 *    channel and of the whole topic's, and moves `through` there.
 * 2. A flush delivers what is pending to the live members and moves `flushed` up to `through`: at once
 *    after a pause, else `coalesceMs` after the last flush.
 * 3. A member that is behind (it resumed, or its sink was full) is replayed up to `flushed`: from the
 *    window where that reaches back far enough, else from the log, a bounded number at a time.
 * 4. A member ahead of this node (another node issued its position) waits until the reader is there.
 *
 * No record is lost or repeated between 3 and 2, because the reader's step and the flush are
 * synchronous, and a member becomes live in the turn in which it was brought up to `flushed`: the next
 * flush has exactly what it lacks.
 */
export class Feed implements MemberHost, WindowOwner {
  readonly topic: string;
  readonly #host: FeedHost;
  readonly #stop = new AbortController();
  readonly #channels = new Map<string | undefined, Channel>();
  readonly #dirty = new Set<Channel>();
  /** Members that are not live. */
  readonly #apart = new Set<Member>();
  /** Those of them that wait for the reader. */
  readonly #ahead = new Set<Member>();
  #window = new Window(epochStart(0), 0);
  #through = epochStart(0);
  #flushed = epochStart(0);
  #flushedMs = 0;
  /** Live members are being called: no member may become live meanwhile. */
  #isDelivering = false;
  #cancelFlush: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #idleSinceMs: number;
  #members = 0;

  constructor(host: FeedHost, topic: string) {
    this.#host = host;
    this.topic = topic;
    this.#idleSinceMs = host.clock.nowMs();
  }

  get flushed(): Position {
    return this.#flushed;
  }

  get size(): number {
    return this.#members;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get windowBytes(): number {
    return this.#window.bytes;
  }

  shrinkWindow(bytes: number): void {
    this.#window.trim(this.#flushed, Math.max(0, this.#window.bytes - bytes));
  }

  /** Finds the topic's end and reads on from there. Throws `not_found`, `unavailable`. */
  async start(): Promise<void> {
    const { end } = await this.#host.log.bounds(this.topic);
    // Closed meanwhile: nothing would stop a reader that starts now.
    if (this.#stop.signal.aborted) return;
    this.#host.windows.used(this);
    this.#restart(end);
    this.#tick();
    void this.#run();
  }

  /** Joins synchronously; a replay follows where one is needed. */
  join(key: string | undefined, start: Position | "live", subscriber: Subscriber): Member {
    const channel = this.#channel(key);
    const member = new Member(this, channel, subscriber, start === "live" ? this.#flushed : start);
    channel.size++;
    this.#members++;
    this.#host.windows.used(this);
    if (start === "live") this.#goLive(member);
    else this.resume(member);
    return member;
  }

  stall(member: Member): void {
    this.#setApart(member, "stalled");
  }

  resume(member: Member): void {
    // During a flush there is no position that it could be brought up to.
    this.#setApart(member, this.#isDelivering ? "ahead" : "replaying");
    if (member.state === "replaying" && !member.replays) void this.#replay(member);
  }

  leave(member: Member): void {
    const { channel } = member;
    channel.deleteLive(member);
    this.#apart.delete(member);
    this.#ahead.delete(member);
    this.#host.remainders.drop(member);
    if (--channel.size === 0) {
      this.#channels.delete(channel.key);
      this.#dirty.delete(channel);
    }
    if (--this.#members === 0) this.#idleSinceMs = this.#host.clock.nowMs();
  }

  /** Ends every subscription with `reason`, and the reader. */
  close(reason: Failure): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#cancelFlush?.();
    this.#cancelTick?.();
    const live = [...this.#channels.values()].flatMap((channel) => [...channel.live()]);
    for (const member of [...live, ...this.#apart]) member.end(reason);
    this.#host.windows.drop(this);
    this.#host.dropped(this);
  }

  async #run(): Promise<void> {
    const { log, clock, logger } = this.#host;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      try {
        for await (const batch of log.read(this.topic, { after: this.#through, signal })) {
          if (batch.records.length <= takenAtOnce) this.#take(batch);
          else await this.#takeInTurns(batch);
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureFrom(error);
        if (failure.code === "not_found") return this.close(failure);
        if (failure.code === "position_gone" && failure.position !== undefined) {
          this.#reset(parsePosition(failure.position), failure);
          // A log that refuses the position that it returned itself is read again more slowly.
          if (failures++ === 0) continue;
        }
        logger("warn", "reading the log failed; retrying", {
          topic: this.topic,
          code: failure.code,
          message: failure.message,
          cause: failure.cause instanceof Error ? failure.cause.message : undefined,
        });
      }
      await sleep(clock, Math.min(50 * 2 ** failures, 1000), signal);
      failures++;
    }
  }

  /** What one part has is delivered before the next is looked at. */
  async #takeInTurns(batch: LogBatch): Promise<void> {
    const turn = this.#host.turns.open(undefined, "delivery");
    for (const part of partsOf(batch, takenAtOnce)) {
      if (turn.isOver) await turn.next();
      if (this.#stop.signal.aborted) return;
      this.#take(part);
    }
  }

  #take(batch: LogBatch): void {
    const whole = this.#channels.get(undefined);
    for (const stored of batch.records) {
      this.#window.push(stored);
      if (whole !== undefined) this.#pend(whole).push(stored);
      const channel = this.#channels.get(stored.record.key);
      if (channel !== undefined) this.#pend(channel).push(stored);
    }
    this.#through = batch.through;
    this.#scheduleFlush();
  }

  #pend(channel: Channel): Channel["pending"] {
    this.#dirty.add(channel);
    return channel.pending;
  }

  /** At once when the last flush is long enough ago, else as soon as it is. */
  #scheduleFlush(): void {
    if (this.#cancelFlush !== undefined) return;
    const { clock, options } = this.#host;
    const waitMs =
      this.#dirty.size === 0 ? 0 : this.#flushedMs + options.coalesceMs - clock.nowMs();
    if (waitMs <= 0) return this.#flush();
    this.#cancelFlush = clock.after(waitMs, () => {
      this.#cancelFlush = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const { clock, tracing } = this.#host;
    if (this.#dirty.size > 0) {
      const nowMs = clock.nowMs();
      this.#isDelivering = true;
      for (const channel of this.#dirty) {
        channel.deliveredMs = nowMs;
        const { pending } = channel;
        const count = pending.length;
        const receivedNs = channel.flush(this.#through);
        if (receivedNs === undefined) continue;
        this.#countLatency(receivedNs, count);
        if (tracing !== undefined) traceDelivery(tracing, clock, channel, { receivedNs, pending });
      }
      this.#isDelivering = false;
      this.#dirty.clear();
      // After the writes, which under load take longer than the pause between flushes.
      this.#flushedMs = clock.nowMs();
    }
    this.#flushed = this.#through;
    this.#window.trim(this.#flushed);
    this.#host.windows.update(this);
    for (const member of this.#ahead) {
      if (comparePositions(member.at, this.#flushed) <= 0) this.resume(member);
    }
  }

  /** All records of a flush as the oldest of it: they came within `coalesceMs`. */
  #countLatency(receivedNs: bigint, count: number): void {
    const { clock, counts } = this.#host;
    counts.latencySeconds.observe((clock.nowMs() - Number(receivedNs) / 1e6) / 1000, count);
  }

  #setApart(member: Member, state: "replaying" | "stalled" | "ahead"): void {
    // A member that only switches between waiting states keeps its heartbeat deadline.
    if (state === "stalled" || !this.#apart.has(member)) member.sinceMs = this.#host.clock.nowMs();
    member.state = state;
    member.channel.deleteLive(member);
    this.#apart.add(member);
    if (state === "ahead") this.#ahead.add(member);
    else this.#ahead.delete(member);
  }

  #goLive(member: Member): void {
    member.state = "live";
    this.#apart.delete(member);
    member.channel.addLive(member);
  }

  #channel(key: string | undefined): Channel {
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const channel = new Channel(this.topic, key, this.#host.clock.nowMs(), this.#host.counts);
    this.#channels.set(key, channel);
    // What was read but not yet flushed is pending for this channel as well.
    const due = this.#window.slice(this.#flushed, this.#through, key, Number.POSITIVE_INFINITY);
    channel.pending = due.records;
    if (due.records.length > 0) this.#dirty.add(channel);
    return channel;
  }

  /** Brings the member up to `flushed`, from the window where it reaches back far enough. */
  async #replay(member: Member): Promise<void> {
    member.replays = true;
    while (member.state === "replaying") {
      const outcome = this.#windowHas(member.at)
        ? this.#replayFromWindow(member)
        : await replayFromLog(this.#host, member, this.#flushed, this.#stop.signal);
      // While it read, the sink may have filled, and drained again.
      if (member.state === "replaying") this.#settle(member, outcome);
    }
    member.replays = false;
  }

  #replayFromWindow(member: Member): ReplayOutcome {
    const { key } = member.channel;
    this.#host.windows.used(this);
    const slice = this.#window.slice(member.at, this.#flushed, key, replayBytesMax);
    deliverAll(member, slice.records, slice.through);
    return "moved";
  }

  #settle(member: Member, outcome: ReplayOutcome): void {
    const distance = comparePositions(member.at, this.#flushed);
    if (distance === 0) this.#goLive(member);
    else if (distance > 0 && outcome === "ahead") this.#setApart(member, "ahead");
  }

  #windowHas(position: Position): boolean {
    return (
      comparePositions(position, this.#window.after) >= 0 &&
      comparePositions(position, this.#flushed) <= 0
    );
  }

  /** The live reader itself lost its position: all live members get the one where reading continues. */
  #reset(position: Position, reason: Failure): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#flush();
    this.#isDelivering = true;
    for (const channel of this.#channels.values()) {
      for (const member of channel.live()) member.reset(position, reason);
    }
    this.#isDelivering = false;
    this.#restart(position);
    for (const member of this.#ahead) this.resume(member);
  }

  #restart(at: Position): void {
    this.#window = new Window(at, this.#host.options.windowBytes);
    this.#through = at;
    this.#flushed = at;
  }

  /** Once a second: heartbeats, stalled members, old records, and closing an idle feed. */
  #tick(): void {
    const { clock, options } = this.#host;
    this.#cancelTick = clock.after(1000, () => {
      const nowMs = clock.nowMs();
      if (this.#members === 0 && nowMs - this.#idleSinceMs >= options.idleMs) {
        return this.close(new Failure("ended", `Topic "${this.topic}" has no subscribers`));
      }
      for (const member of this.#apart) this.#checkApart(member, nowMs);
      for (const channel of this.#channels.values()) this.#heartbeat(channel, nowMs);
      this.#dropOld(nowMs);
      if (!this.#stop.signal.aborted) this.#tick();
    });
  }

  #heartbeat(channel: Channel, nowMs: number): void {
    if (!channel.hasLive || this.#dirty.has(channel)) return;
    if (nowMs - channel.deliveredMs < this.#host.options.heartbeatMs) return;
    channel.deliveredMs = nowMs;
    channel.deliver(new Chunk(this.topic, channel.key, [], this.#flushed));
  }

  #dropOld(nowMs: number): void {
    const { bytes } = this.#window;
    const beforeNs = BigInt(Math.floor(nowMs - this.#host.options.windowMs)) * 1_000_000n;
    this.#window.dropReceivedBefore(beforeNs, this.#flushed);
    if (this.#window.bytes < bytes) this.#host.windows.update(this);
  }

  /** Members waiting for the log still get heartbeats; stalled members are closed. */
  #checkApart(member: Member, nowMs: number): void {
    const { heartbeatMs, stallMs } = this.#host.options;
    const sinceMs = nowMs - member.sinceMs;
    if (member.state === "stalled") {
      if (sinceMs >= stallMs) {
        this.#host.counts.closedSlow++;
        member.endSlow(stallMs);
      }
    } else if (sinceMs >= heartbeatMs) {
      member.sinceMs = nowMs;
      member.deliver(new Chunk(this.topic, member.channel.key, [], member.at), false);
    }
  }
}
