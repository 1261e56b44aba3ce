/** Many subscriptions and publishes over one WebSocket, which reconnects on its own. */

import { Backoff } from "./backoff.ts";
import { createDeferred } from "./deferred.ts";
import { errorFromProblem, SluiceError } from "./error.ts";
import { jsonFromEvents } from "./json-text.ts";
import { requireWebSocket, type Settings } from "./options.ts";
import { eventsFromJson } from "./pages.ts";
import type { Published, PublishOptions } from "./publish.ts";
import {
  type ConnectionEvents,
  SocketConnection,
  type SocketMessage,
} from "./socket-connection.ts";
import { SocketSubscription, type SubscriptionLink } from "./socket-subscription.ts";
import type { Passed, Subscription, WatchOptions } from "./subscription.ts";
import { addressOf, checkTarget, membersOf, type Target, type WatchTarget } from "./target.ts";
import { createTicket } from "./ticket.ts";

export class SluiceSocket implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #subscriptions = new Map<string, SocketSubscription<unknown>>();
  /** Names that are being unsubscribed: messages for them are dropped until the answer. */
  readonly #leaving = new Set<string>();
  readonly #stop = new AbortController();
  readonly #backoff: Backoff;
  #connection: SocketConnection | undefined;
  #connecting: Promise<void> | undefined;
  /** Number of requests that wait for an answer. */
  #requests = 0;
  /** Called where a connection cannot be had, for those that wait for it. */
  readonly #failures = new Set<(error: SluiceError) => void>();
  /** Of the last connection: its credential has ended, and something had come until then. */
  #hasExpired = false;
  #hasReceived = false;

  /** Throws `invalid` where nothing opens sockets. */
  constructor(settings: Settings) {
    requireWebSocket(settings);
    this.#settings = settings;
    this.#backoff = new Backoff(settings);
  }

  /** As `subscribe` of the client, of more targets, with one subscription per target at a time. */
  subscribe<Data = unknown>(target: WatchTarget, options: WatchOptions = {}): Subscription<Data> {
    if (this.#stop.signal.aborted) throw closed();
    return new SocketSubscription<Data>(this.#link, target, options);
  }

  /**
   * Appends up to 1,000 events to a topic, a key of it, or an emitter. Concurrent calls may be stored
   * in any order: await one before the next where that matters.
   */
  async publish(
    target: Target,
    events: readonly unknown[],
    options: Omit<PublishOptions, "contentType"> = {},
  ): Promise<Published> {
    checkTarget(target);
    const { idempotencyKey, signal } = options;
    const head = {
      op: "publish",
      ...addressOf(target),
      ...(idempotencyKey === undefined ? {} : { dedup_id: idempotencyKey }),
    };
    const message = `${JSON.stringify(head).slice(0, -1)},"events":[${jsonFromEvents(events).join(",")}]}`;
    const backoff = new Backoff(this.#settings, 250);
    for (;;) {
      try {
        return publishedFromAnswer(await this.#ask(message, signal));
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof SluiceError)) throw error;
        // A refusal for that reason has had no effect.
        const isExpiry =
          error.code === "unauthenticated" &&
          this.#settings.credential.isRenewable &&
          this.#connection !== undefined;
        const isRepeatable = error.retryable && idempotencyKey !== undefined;
        if (!isExpiry && !isRepeatable) throw error;
        if (backoff.attempts + 1 >= this.#settings.attemptsMax) throw error;
        await backoff.pause(error, signal);
      }
    }
  }

  /** Ends all subscriptions' iterations, and the connection. */
  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const subscription of [...this.#subscriptions.values()]) subscription.stop();
    this.#subscriptions.clear();
    this.#connection?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  readonly #link: SubscriptionLink = {
    join: (subscription) => {
      const name = nameOf(subscription.address);
      const known = this.#subscriptions.get(name);
      if (known !== undefined && known !== subscription) {
        return subscription.fail(
          new SluiceError("conflict", `Cannot subscribe twice to ${name} on one socket`),
        );
      }
      this.#subscriptions.set(name, subscription);
      if (this.#connection === undefined) void this.#connect();
      else this.#join(this.#connection, subscription);
    },
    pause: (subscription) => this.#unsubscribe(subscription),
    leave: (subscription) => {
      const name = nameOf(subscription.address);
      if (this.#subscriptions.get(name) !== subscription) return;
      this.#subscriptions.delete(name);
      this.#unsubscribe(subscription);
    },
  };

  #join(connection: SocketConnection, subscription: SocketSubscription<unknown>): void {
    const { address, request } = subscription;
    // It joins after the answer to an unsubscribe that is still running.
    if (this.#leaving.has(nameOf(address))) return;
    connection.ask(request, (answer) => {
      if (!(answer instanceof SluiceError)) return subscription.subscribed(positionOf(answer));
      if (connection === this.#connection) this.#refused(connection, subscription, answer);
    });
  }

  /** The connection is fine, but the gateway refused or closed this subscription. */
  #refused(
    connection: SocketConnection,
    subscription: SocketSubscription<unknown>,
    error: SluiceError,
  ): void {
    if (error.code === "unauthenticated" && this.#settings.credential.isRenewable) {
      // The gateway closes the socket as well; the next one joins again.
    } else if (error.retryable) {
      void this.#joinLater(connection, subscription, error);
    } else if (error.code === "position_gone" && error.position !== undefined) {
      subscription.reset(error.position, error.message);
      this.#join(connection, subscription);
    } else {
      this.#subscriptions.delete(nameOf(subscription.address));
      if (error.code === "ended") subscription.end(undefined);
      else subscription.fail(error);
    }
  }

  async #joinLater(
    connection: SocketConnection,
    subscription: SocketSubscription<unknown>,
    error: SluiceError,
  ): Promise<void> {
    await this.#backoff.pause(error, this.#stop.signal);
    // A newer connection has already joined all subscriptions.
    const current = this.#subscriptions.get(nameOf(subscription.address)) === subscription;
    if (current && connection === this.#connection) this.#join(connection, subscription);
  }

  #unsubscribe({ address }: SocketSubscription<unknown>): void {
    const connection = this.#connection;
    const name = nameOf(address);
    if (connection === undefined || this.#leaving.has(name)) return;
    this.#leaving.add(name);
    connection.ask({ op: "unsubscribe", ...address }, () => {
      this.#leaving.delete(name);
      const waiting = this.#subscriptions.get(name);
      if (connection === this.#connection && waiting?.isWanted === true) {
        this.#join(connection, waiting);
      }
    });
  }

  /** Opens the connection, with as many attempts as it takes, while it is needed. */
  #connect(): Promise<void> {
    return (this.#connecting ??= this.#tryToConnect().finally(() => {
      this.#connecting = undefined;
    }));
  }

  async #tryToConnect(): Promise<void> {
    const isNeeded = () => this.#subscriptions.size > 0 || this.#requests > 0;
    while (this.#connection === undefined && !this.#stop.signal.aborted && isNeeded()) {
      try {
        const { signal } = this.#stop;
        const ticket = await createTicket(this.#settings, signal);
        const connection = await SocketConnection.open(this.#settings, this.#events, {
          ticket,
          signal,
        });
        this.#connection = connection;
        this.#backoff.succeeded();
        for (const subscription of this.#subscriptions.values()) {
          if (subscription.isWanted) this.#join(connection, subscription);
        }
        return;
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        if (error.code === "unauthenticated" || error.code === "forbidden") {
          return this.#failAll(error);
        }
        await this.#backoff.pause(error, this.#stop.signal);
      }
    }
  }

  /** No attempt would succeed: the credential is wrong, and cannot be renewed. */
  #failAll(error: SluiceError): void {
    for (const subscription of this.#subscriptions.values()) subscription.fail(error);
    this.#subscriptions.clear();
    for (const fail of this.#failures) fail(error);
  }

  readonly #events: ConnectionEvents = {
    message: (message, text) => this.#received(message, text),
    closed: (error) => {
      this.#connection = undefined;
      this.#leaving.clear();
      if (!this.#stop.signal.aborted && this.#subscriptions.size > 0) void this.#reconnect(error);
    },
    expired: () => {
      this.#hasExpired = true;
    },
  };

  /** At once where only a credential has ended, unless the last one did so at once too. */
  async #reconnect(error: SluiceError): Promise<void> {
    const isRenewal = this.#hasExpired && this.#hasReceived;
    this.#hasExpired = false;
    this.#hasReceived = false;
    if (!isRenewal) await this.#backoff.pause(error, this.#stop.signal);
    await this.#connect();
  }

  #received(message: SocketMessage, text: string): void {
    const name = nameOf(membersOf(message));
    const subscription = this.#subscriptions.get(name);
    if (subscription === undefined || this.#leaving.has(name)) return;
    const position = positionOf(message);
    this.#hasReceived = true;
    if (message.op === "events") {
      const events = eventsFromJson(message["events"] as readonly unknown[], text);
      if (position === undefined) return;
      const passed = passedOf(message, position);
      subscription.received(events, { position, passed }, text.length);
    } else if (message.op === "reset") {
      const { reason } = message;
      if (position !== undefined) subscription.reset(position, String(reason));
    } else if (message.op === "end") {
      this.#subscriptions.delete(name);
      subscription.end(position);
    } else if (message.op === "closed" && this.#connection !== undefined) {
      this.#refused(this.#connection, subscription, errorFromProblem(message["problem"]));
    }
  }

  /** Sends a request over the current connection or the next one, and returns the answer. */
  async #ask(message: string, signal: AbortSignal | undefined): Promise<SocketMessage> {
    const { clock, timeoutMs } = this.#settings;
    const outcome = createDeferred<SocketMessage>();
    // It may settle when nothing waits for it any more.
    outcome.promise.catch(() => {});
    const abort = () => outcome.reject(signal?.reason);
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort);
    const cancel = clock.after(timeoutMs, () => {
      outcome.reject(new SluiceError("deadline_exceeded", `No answer within ${timeoutMs} ms`));
    });
    const fail = (error: SluiceError) => outcome.reject(error);
    this.#failures.add(fail);
    this.#requests++;
    try {
      while (this.#connection === undefined) {
        if (this.#stop.signal.aborted) throw closed();
        await Promise.race([this.#connect(), outcome.promise]);
      }
      this.#connection.ask(message, (answer) => {
        if (answer instanceof SluiceError) outcome.reject(answer);
        else outcome.resolve(answer);
      });
      return await outcome.promise;
    } finally {
      this.#requests--;
      this.#failures.delete(fail);
      cancel();
      signal?.removeEventListener("abort", abort);
    }
  }
}

function publishedFromAnswer(answer: SocketMessage): Published {
  const { accepted, position, refused } = answer as unknown as Published;
  if (accepted > 0) return { accepted, position, refused };
  const [first] = refused;
  throw new SluiceError(first?.code ?? "invalid", first?.message ?? "No event was accepted", {
    errors: refused,
  });
}

function positionOf({ position }: SocketMessage): string | undefined {
  return typeof position === "string" ? position : undefined;
}

/** Undefined for a subscription without a filter. */
function passedOf(message: SocketMessage, position: string): Passed | undefined {
  const { passed, undecodable, failed, failure } = message as unknown as Passed;
  return passed === undefined ? undefined : { passed, undecodable, failed, failure, position };
}

/** Members that name a target are always in the same order. */
function nameOf(address: Readonly<Record<string, string>>): string {
  return JSON.stringify(address);
}

function closed(): SluiceError {
  return new SluiceError("cancelled", "The socket was closed");
}
