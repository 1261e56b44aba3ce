/**
 * One subscription of a socket. A browser's WebSocket has no back-pressure, so a subscription whose
 * consumer is slow leaves the socket when its buffer is full, and joins again after its last
 * position once the buffer is empty. The others continue meanwhile.
 */

import { createDeferred } from "./deferred.ts";
import type { SluiceError } from "./error.ts";
import type { SluiceEvent } from "./event.ts";
import { type Passed, reportReset, type Subscription, type WatchOptions } from "./subscription.ts";
import {
  addressOf,
  checkWatchTarget,
  type From,
  queryFromStart,
  type WatchTarget,
} from "./target.ts";

/** What the socket does for a subscription. */
export interface SubscriptionLink {
  /** Subscribes now and after each reconnect; `subscribed(…)` or `fail(…)` is called, then the rest. */
  join(subscription: SocketSubscription<unknown>): void;
  /** Unsubscribes until the next `join`. */
  pause(subscription: SocketSubscription<unknown>): void;
  /** Unsubscribes permanently. */
  leave(subscription: SocketSubscription<unknown>): void;
}

type Item<Data> =
  | {
      readonly kind: "events";
      readonly events: readonly SluiceEvent<Data>[];
      readonly passed: Passed | undefined;
      readonly position: string;
      readonly chars: number;
    }
  | { readonly kind: "reset"; readonly position: string; readonly reason: string }
  | { readonly kind: "end"; readonly position: string | undefined }
  | { readonly kind: "failure"; readonly error: SluiceError };

/** Characters of messages that may wait for the consumer: a few of the gateway's largest chunks. */
export const bufferCharsMax = 1024 * 1024;

export class SocketSubscription<Data> implements Subscription<Data> {
  readonly address: Readonly<Record<string, string>>;
  readonly #link: SubscriptionLink;
  readonly #options: WatchOptions;
  readonly #items: Item<Data>[] = [];
  readonly #events: AsyncGenerator<SluiceEvent<Data>, void, undefined>;
  readonly #readiness = createDeferred<void>();
  #chars = 0;
  #from: From;
  #position: string | undefined;
  #ended = false;
  #joined = false;
  #paused = false;
  #over = false;
  #wake: () => void = () => {};

  constructor(link: SubscriptionLink, target: WatchTarget, options: WatchOptions) {
    checkWatchTarget(target);
    this.#link = link;
    this.address = addressOf(target);
    this.#options = options;
    this.#from = options.from ?? "live";
    if (typeof this.#from === "object" && "after" in this.#from) this.#position = this.#from.after;
    this.#events = this.#run();
    // It may reject while nothing waits for it.
    this.#readiness.promise.catch(() => {});
    if (options.signal?.aborted === true) this.#release();
    options.signal?.addEventListener("abort", this.#aborted);
  }

  get position(): string | undefined {
    return this.#position;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The next `subscribe`, which starts after everything that was received. */
  get request(): { readonly op: string } {
    const { where, text, details, decode, valueBytes } = this.#options;
    const options = { where, text, details, decode, value_bytes: valueBytes };
    return { op: "subscribe", ...this.address, ...queryFromStart(this.#from), ...options };
  }

  /** Whether the socket should join it: not while its buffer is full. */
  get isWanted(): boolean {
    return this.#joined && !this.#paused && !this.#over;
  }

  ready(): Promise<void> {
    this.#join();
    return this.#readiness.promise;
  }

  next(): Promise<IteratorResult<SluiceEvent<Data>, void>> {
    this.#join();
    return this.#events.next();
  }

  async return(): Promise<IteratorResult<SluiceEvent<Data>, void>> {
    this.#release();
    return await this.#events.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Called by the socket: it is in effect, at a position unless it starts with the oldest. */
  subscribed(position: string | undefined): void {
    if (position !== undefined) {
      this.#receivedUpTo(position);
      if (this.#items.length === 0) this.#position = position;
    }
    this.#readiness.resolve();
  }

  received(
    events: readonly SluiceEvent<Data>[],
    { position, passed }: { readonly position: string; readonly passed: Passed | undefined },
    chars: number,
  ): void {
    if (this.#over || this.#paused) return;
    this.#receivedUpTo(position);
    this.#chars += chars;
    this.#put({ kind: "events", events, position, passed, chars });
    if (this.#chars < bufferCharsMax) return;
    this.#paused = true;
    this.#link.pause(this);
  }

  reset(position: string, reason: string): void {
    if (this.#over || this.#paused) return;
    this.#receivedUpTo(position);
    this.#put({ kind: "reset", position, reason });
  }

  end(position: string | undefined): void {
    if (this.#paused) return;
    this.#readiness.resolve();
    this.#put({ kind: "end", position });
  }

  fail(error: SluiceError): void {
    this.#readiness.reject(error);
    this.#put({ kind: "failure", error });
  }

  /** The socket is closed: what was received is still delivered. */
  stop(): void {
    this.#over = true;
    this.#readiness.resolve();
    this.#wake();
  }

  readonly #aborted = () => this.#release();

  #join(): void {
    if (this.#joined || this.#over) return;
    this.#joined = true;
    this.#link.join(this);
  }

  #release(): void {
    this.#options.signal?.removeEventListener("abort", this.#aborted);
    this.#items.length = 0;
    this.stop();
    if (this.#joined) this.#link.leave(this);
    this.#joined = false;
  }

  #receivedUpTo(position: string): void {
    this.#from = { after: position };
  }

  #put(item: Item<Data>): void {
    this.#items.push(item);
    this.#wake();
  }

  async *#run(): AsyncGenerator<SluiceEvent<Data>, void, undefined> {
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item?.kind === "events") {
          for (const event of item.events) {
            this.#position = event.position;
            yield event;
          }
          this.#position = item.position;
          if (item.passed !== undefined) this.#options.onPassed?.(item.passed);
          this.#taken(item.chars);
        } else if (item !== undefined) {
          this.#handle(item);
          if (this.#ended) return;
        } else if (this.#over) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#release();
    }
  }

  #taken(chars: number): void {
    this.#chars -= chars;
    if (!this.#paused || this.#items.length > 0 || this.#over) return;
    this.#paused = false;
    this.#link.join(this);
  }

  #handle(item: Exclude<Item<Data>, { readonly kind: "events" }>): void {
    if (item.kind === "failure") throw item.error;
    if (item.kind === "end") {
      this.#position = item.position ?? this.#position;
      this.#ended = true;
      return;
    }
    const { position, reason } = item;
    reportReset(this.#options.onReset, { after: this.#position, position, reason });
    this.#position = position;
  }
}
