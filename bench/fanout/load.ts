/**
 * The subscribers' process, which `sluice bench fanout` starts: separate from the publisher and
 * the server, so that none of them waits for another's work. It receives commands over the channel
 * between the two processes and reports there.
 */

import { Latencies, type LatencySummary } from "../latencies.ts";
import { StampReader } from "./stamp.ts";
import { type Address, Subscriber } from "./subscriber.ts";

export interface LoadPlan {
  readonly kind: "open";
  readonly address: Address;
  readonly subscribers: number;
  /** Number of additional subscribers that never read. */
  readonly slow: number;
  /** Number of events that each must receive. */
  readonly events: number;
}

export type LoadCommand = LoadPlan | { readonly kind: "finish" };

export interface LoadResult {
  readonly kind: "result";
  readonly delivered: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Number of subscribers that the server closed before they had everything. */
  readonly dropped: number;
  readonly droppedWhy: string;
  /** Number of subscribers that never read and were closed with the reason `slow_subscriber`. */
  readonly slowClosed: number;
  readonly latencies: LatencySummary;
  readonly cpuSeconds: number;
}

export type LoadReport =
  | { readonly kind: "opened"; readonly open: number; readonly why: string }
  /** `open`: subscribers that are connected; `atUs`: when the last event came. */
  | {
      readonly kind: "progress";
      readonly open: number;
      readonly delivered: number;
      readonly isDone: boolean;
      readonly atUs: number;
    }
  | LoadResult;

const openedAtOnce = 64;
const stepsMs = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const reportMs = 50;
const keepAliveMs = 30_000;
/** Time for subscribers that did not read to learn why they were closed. */
const slowReadMs = 3_000;

/** Runs until the process that started it ends it. */
export async function runLoad(): Promise<void> {
  const commands = new Commands();
  const plan = await commands.next();
  if (plan.kind !== "open") return;
  const load = new Load(plan);
  const told = setInterval(() => report(load.progress()), reportMs);
  await load.open();
  const failed = load.firstOver();
  report({ kind: "opened", open: load.openCount(), why: failed?.reason ?? "" });
  const alive = setInterval(() => load.keepAlive(), keepAliveMs);
  const cpuAtStart = process.cpuUsage();
  await commands.next();
  clearInterval(told);
  clearInterval(alive);
  const { user, system } = process.cpuUsage(cpuAtStart);
  report(await load.result((user + system) / 1e6));
  // The result is on its way; the other process ends this one once it has it.
  await new Promise(() => {});
}

class Load {
  readonly #plan: LoadPlan;
  readonly #latencies = new Latencies(stepsMs);
  readonly #readers: Subscriber[] = [];
  readonly #slow: Subscriber[] = [];
  #delivered = 0;
  #atUs = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
  }

  async open(): Promise<void> {
    const { address, subscribers, slow } = this.#plan;
    let left = subscribers + slow;
    const worker = async () => {
      while (left > 0) {
        const readsOn = left-- > slow;
        // Subscribers that never read have no latency to record.
        const reader = new StampReader(readsOn ? this.#latencies : new Latencies([]));
        const one = new Subscriber(address, reader, readsOn);
        (readsOn ? this.#readers : this.#slow).push(one);
        await one.opened();
      }
    };
    await Promise.all(Array.from({ length: openedAtOnce }, worker));
  }

  openCount(): number {
    let count = 0;
    for (const { state } of [...this.#readers, ...this.#slow]) if (state === "open") count++;
    return count;
  }

  firstOver(): Subscriber | undefined {
    return [...this.#readers, ...this.#slow].find(({ state }) => state === "over");
  }

  keepAlive(): void {
    for (const one of this.#readers) one.keepAlive();
  }

  progress(): LoadReport {
    let delivered = 0;
    let open = this.#slow.length;
    let isDone = this.#readers.length === this.#plan.subscribers;
    for (const { reader, state } of this.#readers) {
      delivered += reader.received;
      if (state === "open") open++;
      if (reader.next < this.#plan.events && state !== "over") isDone = false;
    }
    if (delivered > this.#delivered) {
      this.#delivered = delivered;
      for (const { reader } of this.#readers) this.#atUs = Math.max(this.#atUs, reader.atUs);
    }
    return { kind: "progress", open, delivered, isDone, atUs: this.#atUs };
  }

  async result(cpuSeconds: number): Promise<LoadResult> {
    const { events } = this.#plan;
    let delivered = 0;
    let lost = 0;
    let duplicates = 0;
    const over = this.#readers.filter(
      ({ state, reader }) => state === "over" && reader.next < events,
    );
    for (const { reader } of this.#readers) {
      delivered += reader.received;
      lost += reader.gaps + events - reader.next;
      duplicates += reader.duplicates;
    }
    for (const one of this.#readers) one.close();
    return {
      kind: "result",
      delivered,
      lost,
      duplicates,
      dropped: over.length,
      droppedWhy: over[0]?.reason ?? "",
      slowClosed: await this.#slowClosed(),
      latencies: this.#latencies.summary(),
      cpuSeconds,
    };
  }

  async #slowClosed(): Promise<number> {
    if (this.#slow.length === 0) return 0;
    for (const one of this.#slow) one.resume();
    await new Promise((resolve) => setTimeout(resolve, slowReadMs));
    for (const one of this.#slow) one.close();
    return this.#slow.filter(({ reason }) => reason === "slow_subscriber").length;
  }
}

class Commands {
  readonly #waiting: LoadCommand[] = [];
  #wake: () => void = () => {};

  constructor() {
    process.on("message", (command: LoadCommand) => {
      this.#waiting.push(command);
      this.#wake();
    });
    // The process that started this one has its result, or has ended.
    process.on("disconnect", () => process.exit(0));
  }

  async next(): Promise<LoadCommand> {
    for (;;) {
      const command = this.#waiting.shift();
      if (command !== undefined) return command;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function report(what: LoadReport): void {
  process.send?.(what);
}
