/**
 * A client that knows what it must get. It compares each chunk with the log's history, so a gap, a
 * duplicate or a wrong order fails in the call that delivers it.
 */

import type { Failure } from "../../src/core/failure.ts";
import { comparePositions, type Position, renderPosition } from "../../src/core/position.ts";
import { endType, type StoredRecord } from "../../src/core/record.ts";
import type { Sent } from "../../src/core/sink.ts";
import type { Chunk, Format } from "../../src/hub/chunk.ts";
import type { Hub } from "../../src/hub/hub.ts";
import type {
  DirectSink,
  EndReason,
  Start,
  Subscriber,
  Subscription,
} from "../../src/hub/subscriber.ts";
import { firstAfter, isKept, type SimLog } from "./log.ts";

/** What a client needs of the simulation. */
export interface World {
  readonly log: SimLog;
  readonly stallMs: number;
  readonly silenceMsMax: number;
  nowMs(): number;
  /** The next answer of this connection's sink. */
  answer(connection: Connection): Sent;
  /** Called inside `deliver`, after the chunk was taken, for reentrant calls. */
  interfere(connection: Connection): void;
  /** All live members of a channel must get the same chunk object. */
  checkShared(connection: Connection, chunk: Chunk): void;
  /** True when the topic was missing at some time. */
  wasRemoved(topic: string): boolean;
  readonly closing: boolean;
  count(what: Outcome, client: Client): void;
  fail(message: string): void;
}

export const outcomes = [
  "delivered",
  "shared",
  "heartbeat",
  "reset",
  "queued",
  "refused",
  "ended",
  "slow_subscriber",
  "shutting_down",
  "not_found",
  "overloaded",
  "unavailable",
  "ahead",
  "past_end",
] as const;
export type Outcome = (typeof outcomes)[number];

export class Client {
  readonly name: string;
  readonly topic: string;
  readonly key: string | undefined;
  /** The hub writes its chunks directly. */
  readonly isDirect: boolean;
  /** Everything up to here was received; undefined before the first connection has a position. */
  at: Position | undefined;
  connection: Connection | undefined;
  /** `at` was not issued by the log: when a reset is due depends on the log's end. */
  invented = false;
  readonly #world: World;
  /** In the history of `at.epoch`: none of this client's records is between `at` and this index. */
  #next = 0;
  /** Range of its start, while that is not known. */
  #from: Position | undefined;

  constructor(world: World, number: number, topic: string, key: string | undefined) {
    this.#world = world;
    this.name = `client ${number}`;
    this.isDirect = number % 2 === 0;
    this.topic = topic;
    this.key = key;
  }

  /** A start that the hub resolves: the first record may be any from `from` to the end of now. */
  startUnknown(from: Position | undefined): void {
    this.at = undefined;
    this.#from = from;
  }

  moveTo(position: Position): void {
    this.invented = false;
    this.at = position;
    this.#next = firstAfter(this.#history(position.epoch), position);
  }

  /** The next record that it must get, if the log has had it already. */
  next(): StoredRecord | undefined {
    if (this.at === undefined) return undefined;
    const history = this.#history(this.at.epoch);
    for (; this.#next < history.length; this.#next++) {
      const stored = history[this.#next];
      if (stored === undefined || comparePositions(stored.position, this.at) <= 0) continue;
      if (this.key === undefined || stored.record.key === this.key) return stored;
    }
    return undefined;
  }

  take(chunk: Chunk): void {
    const { records, through } = chunk;
    if (chunk.topic !== this.topic || chunk.key !== this.key) this.#fail("a foreign chunk");
    for (let i = 0; i < records.length; i++) {
      const stored = records[i];
      if (stored === undefined) return this.#fail("a hole among the records");
      if (this.at === undefined) this.#begin(stored);
      const wanted = this.next();
      if (stored !== wanted) return this.#fail(`${render(stored)}, expected ${render(wanted)}`);
      this.at = stored.position;
      this.#next++;
      const ends = this.key !== undefined && stored.record.contentType === endType;
      if (ends && i < records.length - 1) this.#fail("records behind the end in one chunk");
    }
    this.checkStands(through, "through");
    this.at = through;
  }

  /** The hub reports the client's position: none of its records may lie between. */
  checkStands(position: Position, what: string): void {
    if (this.at === undefined) return this.moveTo(position);
    if (position.epoch !== this.at.epoch) return this.#fail(`${what} of another epoch, no reset`);
    if (comparePositions(position, this.at) < 0) {
      return this.#fail(`${what} ${renderPosition(position)} went backwards`);
    }
    const missed = this.next();
    if (missed !== undefined && comparePositions(missed.position, position) <= 0) {
      this.#fail(`${what} ${renderPosition(position)} skips ${render(missed)}`);
    }
  }

  /** A reset must be justified, and must not leave out what can still be read. */
  checkReset(position: Position): void {
    const topic = this.#world.log.topic(this.topic);
    if (topic === undefined || this.invented) return;
    if (this.at !== undefined && isKept(topic, this.at)) this.#fail("a reset without a loss");
    const past = this.at !== undefined && comparePositions(this.at, topic.end) > 0;
    const start = past ? topic.end : topic.start;
    if (comparePositions(position, start) > 0) this.#fail("a reset past what is kept");
  }

  #begin(first: StoredRecord): void {
    const { epoch } = first.position;
    const from = this.#from?.epoch === epoch ? this.#from : { epoch, sequence: 0, index: 0 };
    this.moveTo(from);
    while (this.next() !== undefined && this.next() !== first) this.#next++;
  }

  #history(epoch: number): readonly StoredRecord[] {
    return this.#world.log.history(this.topic, epoch);
  }

  #fail(message: string): void {
    const at = this.at === undefined ? "nowhere" : renderPosition(this.at);
    this.#world.fail(`${this.name} at ${at}: got ${message}`);
  }
}

/** Chunks by the bytes that a direct sink gets in their place. */
const chunkOfBytes = new WeakMap<Uint8Array, Chunk>();
const directFormat: Format<Uint8Array> = {
  render(chunk) {
    const bytes = new Uint8Array(1);
    chunkOfBytes.set(bytes, chunk);
    return bytes;
  },
};

/** One subscription of a client, from the call of `subscribe` to its end. */
export class Connection implements Subscriber {
  readonly client: Client;
  readonly direct?: DirectSink;
  subscription: Subscription | undefined;
  /** No more calls may come. */
  over = false;
  #answering = false;
  /** When it last got anything. */
  #heardMs = 0;
  /** When the sink became full. */
  queuedMs: number | undefined;
  /** Its sink never drains on its own. */
  stuck = false;
  /** Closes itself the next time that it is inside `deliver`. */
  closesInside = false;
  #endDue = false;
  /** The client left before `subscribe` had answered: the hub cannot know yet. */
  #leftEarly = false;
  readonly #world: World;

  constructor(world: World, client: Client) {
    this.#world = world;
    this.client = client;
    client.connection = this;
    if (client.isDirect) {
      const write = (bytes: Uint8Array) => this.#writeDirect(bytes);
      this.direct = { format: directFormat, sink: { write, close: () => {} } };
    }
  }

  #writeDirect(bytes: Uint8Array): Sent {
    const chunk = chunkOfBytes.get(bytes);
    if (chunk === undefined) this.#fail("bytes that are no chunk's");
    return chunk === undefined ? "refused" : this.deliver(chunk);
  }

  deliver(chunk: Chunk): Sent {
    if (this.#leftEarly) return this.#refuseLate();
    this.#checkOpen("deliver");
    this.#world.checkShared(this, chunk);
    const sent = this.#world.answer(this);
    if (sent === "refused") return this.#refuse();
    this.client.take(chunk);
    this.#world.count(chunk.records.length > 0 ? "delivered" : "heartbeat", this.client);
    const last = chunk.records.at(-1)?.record;
    this.#endDue = this.client.key !== undefined && last?.contentType === endType;
    return this.#answer(sent);
  }

  reset(position: Position, reason: Failure): Sent {
    if (this.#leftEarly) return this.#refuseLate();
    this.#checkOpen("reset");
    this.client.checkReset(position);
    if (reason.code !== "position_gone") this.#fail(`reset because of ${reason.code}`);
    const sent = this.#world.answer(this);
    if (sent === "refused") return this.#refuse();
    this.client.moveTo(position);
    this.#world.count("reset", this.client);
    return this.#answer(sent);
  }

  end(reason: EndReason, position: Position): void {
    if (this.#leftEarly) return;
    if (this.over) this.#fail("end after the end");
    this.#leave();
    this.client.checkStands(position, "end");
    const code = reason === "ended" ? reason : reason.code;
    switch (code) {
      case "ended":
        if (!this.#endDue) this.#fail("ended without an end");
        break;
      case "slow_subscriber": {
        const stalledMs = this.#world.nowMs() - (this.queuedMs ?? Number.NaN);
        const { stallMs } = this.#world;
        const inTime = stalledMs >= stallMs && stalledMs <= stallMs + 1000;
        if (!inTime) this.#fail(`closed as slow after ${stalledMs} ms`);
        break;
      }
      case "shutting_down":
        if (!this.#world.closing) this.#fail("shut down while the hub is open");
        break;
      case "not_found":
        if (!this.#world.wasRemoved(this.client.topic)) this.#fail("not_found");
        break;
      default:
        return this.#fail(`end because of ${code}`);
    }
    this.#world.count(code, this.client);
  }

  /** Subscribes; what the hub answers later belongs to this connection. */
  open(hub: Hub, start: Start): void {
    hub.subscribe(this.client.topic, this.client.key, start, this).then(
      (subscription) => {
        this.subscription = subscription;
        this.#leftEarly = false;
        this.#heardMs = this.#world.nowMs();
        if (this.over) subscription.close();
        else this.client.checkStands(subscription.position, "subscribed");
      },
      (error: Failure) => {
        if (this.over) return;
        this.#leave();
        const { code } = error;
        if (code === "unavailable" || code === "overloaded" || code === "shutting_down") {
          this.#world.count(code, this.client);
        } else if (code !== "not_found" || !this.#world.wasRemoved(this.client.topic)) {
          this.#fail(`refused because of ${code}: ${error.stack}`);
        }
      },
    );
  }

  drain(): void {
    // A sink drains in another turn, long after `subscribe` or `deliver` has returned.
    if (this.subscription === undefined || this.#answering) return;
    if (this.queuedMs !== undefined) this.#heardMs = this.#world.nowMs();
    this.queuedMs = undefined;
    this.subscription.drained();
  }

  close(): void {
    if (this.over) return;
    this.#leave();
    this.#leftEarly = this.subscription === undefined;
    this.subscription?.close();
  }

  /** Invariants whenever nothing is left to do at this instant. */
  checkAtRest(): void {
    if (this.over) return;
    if (this.#endDue) this.#fail("nothing after the end of its key");
    if (this.subscription !== undefined) {
      this.client.checkStands(this.subscription.position, "position");
    }
    const { stallMs } = this.#world;
    if (this.queuedMs !== undefined && this.#world.nowMs() - this.queuedMs > stallMs + 1000) {
      this.#fail("nothing though it is slow");
    }
    const silentMs = this.#world.nowMs() - this.#heardMs;
    const told = this.subscription !== undefined && this.queuedMs === undefined;
    if (told && silentMs > this.#world.silenceMsMax) this.#fail(`no sign for ${silentMs} ms`);
  }

  #answer(sent: "sent" | "queued"): Sent {
    if (sent === "queued") {
      this.queuedMs = this.#world.nowMs();
      this.#world.count("queued", this.client);
    }
    // Before `subscribe` has resolved there is nothing to close: such a subscriber would refuse.
    this.#heardMs = this.#world.nowMs();
    if (this.closesInside && this.subscription !== undefined) this.close();
    this.#answering = true;
    this.#world.interfere(this);
    this.#answering = false;
    return sent;
  }

  #refuseLate(): Sent {
    this.#leftEarly = false;
    return "refused";
  }

  #refuse(): Sent {
    this.#world.count("refused", this.client);
    this.#leave();
    return "refused";
  }

  #leave(): void {
    this.over = true;
    if (this.client.connection === this) this.client.connection = undefined;
  }

  #checkOpen(call: string): void {
    if (this.over) this.#fail(`${call} after the end`);
    if (this.queuedMs !== undefined) this.#fail(`${call} while queued`);
  }

  #fail(message: string): void {
    this.#world.fail(`${this.client.name}: got ${message}`);
  }
}

function render(stored: StoredRecord | undefined): string {
  return stored === undefined ? "nothing" : renderPosition(stored.position);
}
