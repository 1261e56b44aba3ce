/**
 * One ordered run through a stream: an ephemeral pull consumer without state anywhere else.
 *
 * The client library's ordered consumer is not used, because it recreates itself when it is lost, even
 * on a recreated stream. Here every doubt (a missing sequence, silence, a lost connection, a deleted
 * consumer) ends the run, and the reader decides where the next one starts.
 */

import { AckPolicy, DeliverPolicy, type JetStreamManager } from "@nats-io/jetstream";
import { createInbox, type Msg, nuid, type Subscription } from "@nats-io/transport-node";
import type { Connection } from "./connection.ts";
import type { StoredEntry } from "./entry.ts";
import { headerOf, readHeaders } from "./headers.ts";
import type { TopicIncarnation } from "./stream.ts";

/** Entries and bytes of one pull. Two are under way, so a slow reader has at most three in memory. */
const pullEntries = 512;
const pullBytesMin = 1024 ** 2;
const pullsMax = 2;
/** Bounds of what one `take` returns. */
const takeEntriesMax = 256;
const takeBytesMax = 1024 ** 2;

const heartbeatMs = 2_000;
const silenceMsMax = 5_000;
const expiresMs = 30_000;
/** Longer than a reader pauses; removes the consumers of a killed gateway. */
const inactiveMs = 60_000;
const nsPerMs = 1_000_000;

/** Entries in order, and the sequence up to which there are no others. */
export interface ReadResult {
  readonly entries: readonly StoredEntry[];
  /** Everything up to here that matches the filter has been delivered. */
  readonly through: number;
  /** True when the stream had nothing more as the last entry was sent. */
  readonly isAtEnd: boolean;
}

export class ConsumerRun {
  readonly #connection: Connection;
  readonly #subscription: Subscription;
  readonly #stream: string;
  readonly #name = `sluice-${nuid.next()}`;
  readonly #inbox = createInbox();
  readonly #pullBytes: number;
  /** Pulls under way, oldest first, with what each may still deliver. */
  readonly #pulls: { readonly id: number; left: number }[] = [];
  readonly #offLost: () => void;
  #queue: Delivery[] = [];
  #queuedBytes = 0;
  #nextPull = 0;
  #deliveries = 0;
  #through: number;
  #isAtEnd = false;
  #hasMoved = false;
  #heardMs: number;
  #trouble: string | undefined;
  #isClosed = false;
  #wake: (() => void) | undefined;

  private constructor(connection: Connection, stream: string, afterSequence: number) {
    this.#connection = connection;
    this.#stream = stream;
    this.#through = afterSequence;
    this.#heardMs = connection.clock.nowMs();
    // A message larger than a pull would never come.
    this.#pullBytes = Math.max(pullBytesMin, connection.payloadBytesMax + 65_536);
    this.#subscription = connection.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error) this.fail("its inbox was refused");
        else this.#deliver(message);
      },
    });
    this.#offLost = connection.onLost(() => this.fail("the connection was lost"));
  }

  /** Throws what the JetStream API throws. */
  static async open(
    connection: Connection,
    manager: JetStreamManager,
    incarnation: TopicIncarnation,
    afterSequence: number,
    filter: string | undefined,
  ): Promise<ConsumerRun> {
    const run = new ConsumerRun(connection, incarnation.stream, afterSequence);
    try {
      await manager.consumers.add(incarnation.stream, {
        name: run.#name,
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: afterSequence + 1,
        inactive_threshold: inactiveMs * nsPerMs,
        mem_storage: true,
        num_replicas: 1,
        ...(filter === undefined ? {} : { filter_subject: filter }),
      });
    } catch (error) {
      run.close();
      throw error;
    }
    run.#pull();
    run.#listen();
    return run;
  }

  /** Why the run has ended; undefined while it continues. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Waits for entries, or for the end to move; undefined after `ms` without either, or when the run has ended. */
  async take(ms: number): Promise<ReadResult | undefined> {
    if (this.#isIdle()) await this.#woken(ms);
    if (this.#trouble !== undefined || this.#isIdle()) return undefined;
    let count = 0;
    let bytes = 0;
    for (const { message } of this.#queue) {
      const size = message.data.byteLength;
      if (count === takeEntriesMax || (count > 0 && bytes + size > takeBytesMax)) break;
      bytes += size;
      count++;
    }
    const entries = this.#queue.slice(0, count).map(entryFromDelivery);
    this.#queue = this.#queue.slice(count);
    this.#queuedBytes -= bytes;
    this.#pull();
    const isAll = this.#queue.length === 0;
    if (isAll) this.#hasMoved = false;
    const last = entries.at(-1)?.sequence ?? this.#through;
    return { entries, through: isAll ? this.#through : last, isAtEnd: isAll && this.#isAtEnd };
  }

  fail(why: string): void {
    this.#trouble ??= why;
    this.#wake?.();
  }

  /** Ends a waiting `take`. */
  interrupt(): void {
    this.#wake?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#trouble ??= "it was closed";
    this.#offLost();
    if (this.#connection.nc.isClosed()) return;
    this.#subscription.unsubscribe();
    const subject = `$JS.API.CONSUMER.DELETE.${this.#stream}.${this.#name}`;
    // If this does not arrive, the server removes the consumer for its inactivity.
    this.#connection.requests.send(subject, new Uint8Array(0), "", () => true);
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && !this.#hasMoved;
  }

  #woken(ms: number): Promise<void> {
    if (this.#trouble !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#connection.clock.after(ms, done);
      this.#wake = done;
    });
  }

  /** Pulls more as long as the reader keeps up: this is the back-pressure. */
  #pull(): void {
    while (
      this.#pulls.length < pullsMax &&
      this.#queue.length < pullEntries &&
      this.#queuedBytes < this.#pullBytes
    ) {
      const id = this.#nextPull++;
      if (this.#pulls.length === 0) this.#heardMs = this.#connection.clock.nowMs();
      this.#pulls.push({ id, left: pullEntries });
      const request = JSON.stringify({
        batch: pullEntries,
        max_bytes: this.#pullBytes,
        expires: expiresMs * nsPerMs,
        idle_heartbeat: heartbeatMs * nsPerMs,
      });
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`;
      this.#connection.nc.publish(subject, request, { reply: `${this.#inbox}.${id}` });
    }
  }

  #deliver(message: Msg): void {
    this.#heardMs = this.#connection.clock.nowMs();
    if (message.subject.startsWith(this.#inbox)) return this.#status(message);
    const delivery = parseDelivery(message);
    if (delivery.number !== ++this.#deliveries) return this.fail("a delivery is missing");
    const [pull] = this.#pulls;
    if (pull !== undefined && --pull.left === 0) this.#pulls.shift();
    this.#queuedBytes += message.data.byteLength;
    this.#queue.push(delivery);
    this.#through = delivery.sequence;
    this.#isAtEnd = delivery.isLast;
    this.#pull();
    this.#wake?.();
  }

  /** Each status but the heartbeat ends a pull; the heartbeat says how far the consumer has read. */
  #status(message: Msg): void {
    const headers = readHeaders(message);
    const { status, description } = headers;
    if (status === 100) {
      const delivered = Number(headerOf(headers, "Nats-Last-Consumer"));
      if (delivered !== this.#deliveries) return this.fail("a delivery is missing");
      const looked = Number(headerOf(headers, "Nats-Last-Stream"));
      this.#isAtEnd = true;
      if (looked <= this.#through) return;
      this.#through = looked;
      this.#hasMoved = true;
      return this.#wake?.();
    }
    // 408: the pull has expired. 409 says what is left of it where it merely ended.
    const isEnded = status === 408 || headerOf(headers, "Nats-Pending-Messages") !== "";
    if (!isEnded) return this.fail(`the server ended it: ${status} ${description}`);
    const id = Number(message.subject.slice(this.#inbox.length + 1));
    const at = this.#pulls.findIndex((pull) => pull.id === id);
    if (at >= 0) this.#pulls.splice(at, 1);
    this.#pull();
  }

  #listen(): void {
    this.#connection.clock.after(1_000, () => {
      if (this.#isClosed || this.#trouble !== undefined) return;
      const silentMs = this.#connection.clock.nowMs() - this.#heardMs;
      if (this.#pulls.length > 0 && silentMs > silenceMsMax) this.fail("its heartbeat is missing");
      else this.#listen();
    });
  }
}

/** A message as a consumer delivers it. */
interface Delivery {
  readonly message: Msg;
  /** Counts from 1 within the run. */
  readonly number: number;
  readonly sequence: number;
  readonly receivedNs: string;
  readonly isLast: boolean;
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<times>.<sequence>.<delivery>.<ns>.<pending>[.<random>]` */
function parseDelivery(message: Msg): Delivery {
  const tokens = (message.reply ?? "").split(".");
  const at = tokens.length === 9 ? 5 : 7;
  return {
    message,
    sequence: Number(tokens[at]),
    number: Number(tokens[at + 1]),
    receivedNs: tokens[at + 2] ?? "0",
    isLast: tokens[at + 3] === "0",
  };
}

function entryFromDelivery({ message, sequence, receivedNs }: Delivery): StoredEntry {
  return {
    sequence,
    receivedNs: BigInt(receivedNs),
    subject: message.subject,
    headers: readHeaders(message).lines,
    payload: message.data,
  };
}
