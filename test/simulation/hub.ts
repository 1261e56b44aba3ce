/**
 * The hub under everything that can happen to it, in virtual time: publishes, subscriptions,
 * stalls, drops, trims, lost topics and outages, in an order that the seed decides. One seed gives
 * one run, whatever the machine.
 */

import { Share } from "../../src/core/budget/memory.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { silent } from "../../src/core/logger.ts";
import { epochStart, renderPosition } from "../../src/core/position.ts";
import { endType, jsonType, type LogRecord } from "../../src/core/record.ts";
import type { Sent } from "../../src/core/sink.ts";
import type { Chunk } from "../../src/hub/chunk.ts";
import { Hub } from "../../src/hub/hub.ts";
import { Member } from "../../src/hub/member.ts";
import type { HubOptions } from "../../src/hub/options.ts";
import { Client, Connection, type Outcome, outcomes, type World } from "./client.ts";
import { SimClock } from "./clock.ts";
import { SimLog } from "./log.ts";
import { Random } from "./random.ts";

export type Counts = Record<Outcome, number>;

export function noCounts(): Counts {
  return Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Counts;
}

/** Runs one seed and adds what happened to `counts`. Throws at the first thing that is wrong. */
export function simulate(seed: number, counts: Counts, trace?: (line: string) => void): void {
  const simulation = new Simulation(seed, counts, trace);
  simulation.run();
}

const stepsMax = 300;
const topics = ["orders", "clicks"];
const keys = ["a", "b", "c"];
// Records of all sizes share these bytes.
const bytes = new Uint8Array(300_000);

class Simulation implements World {
  readonly log: SimLog;
  closing = false;
  #healed = false;
  readonly #counts: Counts;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #random: Random;
  readonly #clock = new SimClock();
  readonly #options: HubOptions;
  #hub: Hub;
  readonly #clients: Client[] = [];
  readonly #removed = new Set<string>();
  /** The chunks of live members in this step, to compare identities. */
  readonly #handed = new Map<string, Chunk>();
  readonly #queuedShare: number;
  readonly #refusedShare: number;
  readonly #mischiefShare: number;
  readonly #endShare: number;
  readonly #bigShare: number;
  readonly #framed: boolean;
  readonly #actions: (() => void)[] = [];
  #failure: string | undefined;

  constructor(seed: number, counts: Counts, trace: ((line: string) => void) | undefined) {
    const random = new Random(seed);
    this.#random = random;
    this.#counts = counts;
    this.#trace = trace;
    this.#options = {
      windowBytes: random.pick([0, 900, 6000, 60_000, 6_000_000]) ?? 0,
      windowMs: random.pick([0, 1500, 120_000]) ?? 0,
      coalesceMs: random.pick([0, 1, 4, 40]) ?? 0,
      heartbeatMs: random.pick([1500, 5000]) ?? 0,
      stallMs: random.pick([1000, 2500, 6000]) ?? 0,
      idleMs: random.pick([1000, 4000]) ?? 0,
      replaysMax: 1 + random.int(4),
      subscriptionsMax: random.chance(0.1) ? 4 : 1000,
    };
    this.log = new SimLog(this.#clock, random, {
      latencyMsMax: random.pick([1, 10, 300, 3000]) ?? 1,
      lateShare: random.pick([0, 0.1, 0.5, 1]) ?? 0,
      failShare: random.pick([0, 0, 0.05, 0.3]) ?? 0,
      batchMax: random.pick([1, 4, 50]) ?? 1,
      overshoots: random.chance(0.3),
      gapShare: random.pick([0, 0.2]) ?? 0,
      outage: "none",
    });
    this.#queuedShare = random.pick([0, 0.05, 0.3, 0.8]) ?? 0;
    this.#refusedShare = random.pick([0, 0.01, 0.1]) ?? 0;
    this.#mischiefShare = random.pick([0, 0.02, 0.2]) ?? 0;
    this.#endShare = random.pick([0, 0.02, 0.2]) ?? 0;
    this.#bigShare = random.pick([0, 0, 0.05]) ?? 0;
    this.#framed = random.chance(0.4);
    this.#hub = this.#newHub();
    for (const topic of topics) this.log.create(topic);
    for (const [name, act] of this.#repertoire()) {
      // Each run favours some events and leaves others out.
      const weight = random.pick([0, 1, 3, 6]) ?? 0;
      const noted = () => {
        this.#trace?.(`${this.#clock.nowMs()} ${name}`);
        act();
      };
      for (let i = 0; i < weight; i++) this.#actions.push(noted);
    }
    this.#actions.push(
      () => this.#publish(),
      () => this.#subscribe(),
      () => this.#pass(10),
    );
  }

  get stallMs(): number {
    return this.#options.stallMs;
  }

  get silenceMsMax(): number {
    // Its replay may end without a delivery, just after the others of its channel got something. The
    // hub checks once a second, and not before a flush that is due.
    return (this.#options.heartbeatMs + 1000) * 2 + this.#options.coalesceMs;
  }

  run(): void {
    const steps = 50 + this.#random.int(stepsMax - 50);
    for (let i = 0; i < steps; i++) {
      this.#random.pick(this.#actions)?.();
      this.#rest();
    }
    this.#finish();
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  answer(connection: Connection): Sent {
    if (this.#healed) return "sent";
    if (connection.stuck || this.#random.chance(this.#queuedShare)) return "queued";
    return this.#random.chance(this.#refusedShare) ? "refused" : "sent";
  }

  interfere(connection: Connection): void {
    if (this.#healed || !this.#random.chance(this.#mischiefShare)) return;
    const others = this.#connections().filter((other) => other !== connection);
    if (this.#random.chance(0.2)) return this.#random.pick(others)?.close();
    for (const other of others) {
      if (!other.stuck && other.queuedMs !== undefined) other.drain();
    }
  }

  checkShared(connection: Connection, chunk: Chunk): void {
    const member = connection.subscription;
    if (!(member instanceof Member) || member.state !== "live") return;
    const last = chunk.records.at(-1)?.position ?? chunk.through;
    const what = `${renderPosition(last)} ${chunk.records.length} ${this.#clock.nowMs()}`;
    const id = `${chunk.topic} ${chunk.key} ${what}`;
    const handed = this.#handed.get(id);
    if (handed === undefined) this.#handed.set(id, chunk);
    else if (handed !== chunk) this.fail(`two chunks to live members of one channel: ${id}`);
    else this.count("shared", connection.client);
  }

  /** Whether `not_found` is plausible: readers may report late that a topic was missing. */
  wasRemoved(topic: string): boolean {
    return this.#removed.has(topic);
  }

  count(what: Outcome, client: Client): void {
    this.#counts[what]++;
    this.#trace?.(`${this.#clock.nowMs()}   ${client.name}: ${what}`);
  }

  /** Recorded, because the hub may catch what its subscribers throw. */
  fail(message: string): void {
    this.#trace?.(`${this.#clock.nowMs()} FAILED ${message}`);
    this.#failure ??= message;
  }

  #newHub(): Hub {
    return new Hub({
      log: this.log,
      clock: this.#clock,
      logger: silent,
      options: this.#options,
      // Less than the windows of all topics: each takes from the other.
      windows: new Share("windows", this.#options.windowBytes * 1.5),
      turns: new Turns(),
    });
  }

  #repertoire(): [string, () => void][] {
    return [
      ["publish", () => this.#publish()],
      ["subscribe", () => this.#subscribe()],
      ["come back", () => this.#comeBack()],
      ["drain", () => this.#drain()],
      ["stick", () => this.#connected((connection) => (connection.stuck = true))],
      ["close inside", () => this.#connected((connection) => (connection.closesInside = true))],
      ["drop", () => this.#connected((connection) => connection.close())],
      ["trim", () => this.#trim()],
      ["recreate", () => this.#recreate()],
      ["remove", () => this.#remove()],
      ["outage", () => this.#outage()],
      ["restart", () => this.#restart()],
      ["pass ms", () => this.#pass(5)],
      ["pass s", () => this.#pass(3000)],
      ["pass more", () => this.#pass(20_000)],
    ];
  }

  #publish(): void {
    const topic = this.#anyTopic();
    if (this.log.topic(topic) === undefined) return;
    const count = 1 + this.#random.int(this.#random.chance(0.1) ? 100 : 6);
    const records = Array.from({ length: count }, () => this.#record());
    this.log.publish(topic, records, this.#framed);
  }

  #record(): LogRecord {
    const key = this.#random.chance(0.7) ? (this.#random.pick(keys) ?? "") : "";
    const ends = key !== "" && this.#random.chance(this.#endShare);
    const size = this.#random.int(this.#random.chance(this.#bigShare) ? bytes.byteLength : 100);
    return {
      value: bytes.subarray(0, size),
      key,
      contentType: ends ? endType : jsonType,
      schemaId: 0,
      timeNs: 0n,
    };
  }

  #subscribe(): void {
    if (this.#clients.length >= 12) return;
    const key = this.#random.chance(0.5) ? this.#random.pick(keys) : undefined;
    const client = new Client(this, this.#clients.length, this.#anyTopic(), key);
    this.#clients.push(client);
    this.#connect(client);
  }

  #comeBack(): void {
    const client = this.#random.pick(this.#clients.filter((each) => !each.connection));
    if (client === undefined) return;
    if (this.#random.chance(0.2)) this.#readElsewhere(client);
    else if (this.#random.chance(0.05)) this.#standPastEnd(client);
    this.#connect(client);
  }

  /** Another node, which may be ahead of this one, has served the client meanwhile. */
  #readElsewhere(client: Client): void {
    const topic = this.log.topic(client.topic);
    if (topic === undefined) return;
    const later = topic.records.filter(
      ({ position }) =>
        client.at === undefined || renderPosition(position) > renderPosition(client.at),
    );
    const position = this.#random.chance(0.5) ? topic.end : this.#random.pick(later)?.position;
    if (position === undefined) return;
    if (client.at !== undefined && renderPosition(position) < renderPosition(client.at)) return;
    client.moveTo(position);
    this.count("ahead", client);
  }

  /** A position that no log issued: it must be refused until the log reaches it. */
  #standPastEnd(client: Client): void {
    const end = this.log.topic(client.topic)?.end;
    if (end === undefined) return;
    client.moveTo({ ...end, sequence: end.sequence + 1 + this.#random.int(5) });
    client.invented = true;
    this.count("past_end", client);
  }

  #connect(client: Client): void {
    const connection = new Connection(this, client);
    const { at } = client;
    if (at !== undefined) return connection.open(this.#hub, at);
    const topic = this.log.topic(client.topic);
    const kind = this.#random.int(4);
    if (kind === 0 && topic !== undefined) {
      client.moveTo(this.#random.pick(topic.records)?.position ?? topic.end);
      connection.open(this.#hub, client.at ?? "live");
    } else if (kind === 1) {
      client.startUnknown(topic?.start);
      connection.open(this.#hub, "earliest");
    } else {
      client.startUnknown(undefined);
      connection.open(this.#hub, "live");
    }
  }

  #drain(): void {
    for (const connection of this.#connections()) {
      // A drain that no member waits for must also be harmless.
      if (!connection.stuck && this.#random.chance(0.5)) connection.drain();
    }
  }

  #trim(): void {
    const name = this.#anyTopic();
    const topic = this.log.topic(name);
    const upTo = topic && this.#random.pick(topic.records);
    if (upTo !== undefined) this.log.trim(name, upTo);
  }

  #recreate(): void {
    this.#clock.advance(1);
    this.log.create(this.#anyTopic());
  }

  #remove(): void {
    const name = this.#anyTopic();
    this.#removed.add(name);
    if (this.log.topic(name) === undefined) this.#recreate();
    else this.log.remove(name);
  }

  #outage(): void {
    const { habits } = this.log;
    const kind = this.#random.chance(0.5) ? "refuses" : "hangs";
    habits.outage = habits.outage === "none" ? kind : "none";
    this.log.wake();
  }

  #restart(): void {
    this.closing = true;
    this.#hub.close();
    this.#clock.settle();
    this.closing = false;
    for (const client of this.#clients) {
      if (client.connection?.subscription !== undefined) this.fail(`${client.name}: got no end`);
    }
    this.#hub = this.#newHub();
  }

  #pass(msMax: number): void {
    this.#clock.advance(this.#random.int(msMax + 1));
  }

  #anyTopic(): string {
    return this.#random.pick(topics) ?? "";
  }

  #connections(): Connection[] {
    return this.#clients.flatMap(({ connection }) => (connection ? [connection] : []));
  }

  #connected(act: (connection: Connection) => void): void {
    const connection = this.#random.pick(this.#connections());
    if (connection !== undefined) act(connection);
  }

  /** Nothing is left to do at this instant: checks the invariants. */
  #rest(): void {
    this.#clock.settle();
    this.#handed.clear();
    for (const connection of this.#connections()) connection.checkAtRest();
    const { windowBytes } = this.#hub.stats();
    const unflushed = this.log.tailedBytesSince(this.#clock.nowMs() - this.#options.coalesceMs);
    if (windowBytes > topics.length * this.#options.windowBytes + unflushed) {
      this.fail(`the windows hold ${windowBytes} bytes, ${unflushed} of them may be unflushed`);
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  /** All faults end: every client must get what is due, and nothing may be left behind. */
  #finish(): void {
    this.#trace?.(`${this.#clock.nowMs()} everything heals`);
    const { habits } = this.log;
    this.#healed = true;
    habits.failShare = 0;
    habits.latencyMsMax = 1;
    for (const topic of topics) {
      this.#clock.advance(1);
      if (this.log.topic(topic) === undefined) this.log.create(topic);
    }
    habits.outage = "none";
    this.log.wake();
    for (const connection of this.#connections()) {
      connection.closesInside = false;
      connection.drain();
    }
    // An earlier answer may still be late, and after it comes the longest pause between two attempts.
    this.#clock.advance(6000);
    this.#rest();
    if (this.#options.subscriptionsMax >= this.#clients.length) {
      // An end may lie between a client's position and now: it reconnects until it has everything.
      for (let round = 0; round < 200 && !this.#allCaughtUp(); round++) {
        for (const client of this.#clients) if (!client.connection) this.#connect(client);
        this.#clock.advance(100);
        this.#rest();
      }
      this.#expectCaughtUp();
      this.#expectLive();
    }
    this.#expectNothingLeft();
  }

  #allCaughtUp(): boolean {
    return this.#clients.every((client) => client.connection && this.#hasAll(client));
  }

  #hasAll(client: Client): boolean {
    const epoch = this.log.topic(client.topic)?.epoch;
    return client.at?.epoch === epoch && client.next() === undefined;
  }

  #expectCaughtUp(): void {
    for (const client of this.#clients) {
      if (!client.connection) this.fail(`${client.name} has no connection in the end`);
      else if (!this.#hasAll(client)) this.fail(`${client.name} has not everything in the end`);
    }
    this.#throwFailure();
  }

  /** A client that has caught up is live: it gets a last record at once, and then heartbeats. */
  #expectLive(): void {
    const record = { value: bytes.subarray(0, 1), contentType: jsonType, schemaId: 0, timeNs: 0n };
    for (const topic of topics) {
      for (const key of ["", ...keys]) this.log.publish(topic, [{ ...record, key }], false);
    }
    this.#clock.advance(200);
    this.#rest();
    this.#expectCaughtUp();
    for (const topic of topics) this.log.publish(topic, [{ ...record, key: "" }], false);
    this.#clock.advance(this.silenceMsMax + 100);
    this.#rest();
    for (const client of this.#clients) {
      const end = this.log.topic(client.topic)?.end ?? epochStart(0);
      if (client.at === undefined || renderPosition(client.at) !== renderPosition(end)) {
        this.fail(`${client.name} was not told that it stands at ${renderPosition(end)}`);
      }
    }
    this.#throwFailure();
  }

  #expectNothingLeft(): void {
    for (const connection of this.#connections()) connection.close();
    this.#clock.advance(this.#options.idleMs + 3000);
    this.#rest();
    const { topics: feeds, subscriptions, windowBytes } = this.#hub.stats();
    const left = {
      feeds,
      subscriptions,
      windowBytes,
      timers: this.#clock.timers,
      reads: this.log.open,
    };
    for (const [what, count] of Object.entries(left)) {
      if (count !== 0) this.fail(`in the end there are ${count} ${what} left`);
    }
    this.#throwFailure();
  }
}
