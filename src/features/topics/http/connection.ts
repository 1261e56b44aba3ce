/**
 * A socket of `WS /v1/ws`. Its back-pressure is that of all its subscriptions: when it is full, each
 * of them waits and is caught up afterwards.
 */

import type { Caller } from "../../../core/access/caller.ts";
import { Failure, failureFrom } from "../../../core/failure.ts";
import { renderPosition } from "../../../core/position.ts";
import type { DecodedFormats } from "../../../http/decoded.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { requestedStart, startQuery } from "../../../http/endpoint/starting.ts";
import { problemFrom } from "../../../http/problem.ts";
import {
  type ClientEvents,
  type ClientSocket,
  unauthenticatedCode,
} from "../../../http/sockets.ts";
import { startPosition, topicStart } from "../../../http/streaming.ts";
import {
  type Address,
  addressMembers,
  type ClientMessage,
  parseAddress,
  parseMessage,
  parseRef,
  publishedRecords,
} from "../../../http/ws-messages.ts";
import type { ServerMessage } from "../../../http/ws-shapes.ts";
import { AsyncSubscriber } from "../../../hub/async-format.ts";
import type { Start } from "../../../hub/subscriber.ts";
import type { CheckedRecords, IngestResult } from "../../../ingest/ingest.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import type { Emitters } from "../../emitters/emitters.ts";
import {
  emitterOptions,
  emittersAuthor,
  emitterStart,
  requireActive,
} from "../../emitters/requests.ts";
import { WsSubscription } from "./subscription.ts";

const subscriptionsMax = 1000;
/** How long a socket whose caller's credential has ended waits for the answers to what it took before. */
const endingMs = 500;

/** Requests of one socket that are not yet answered. */
const pendingMax = 256;

export interface ConnectionDeps extends Pick<
  HttpDeps,
  "hub" | "ingest" | "log" | "logger" | "pages" | "clock"
> {
  readonly emitters: Emitters;
  readonly rules: TopicRules;
  readonly decoded: DecodedFormats;
}

type Subscribe = Extract<ClientMessage, { op: "subscribe" }>;
type Answer = Extract<ServerMessage, { op: "pong" | "accepted" | "unsubscribed" }>;
type Publish = Extract<ClientMessage, { op: "publish" }>;

export class WsConnection implements ClientEvents {
  readonly #deps: ConnectionDeps;
  readonly #socket: ClientSocket;
  readonly #caller: Caller;
  readonly #subscriptions = new Map<string, WsSubscription>();
  readonly #written = new Set<string>();
  readonly #left = new AbortController();
  #pending = 0;
  #cancelTimer: (() => void) | undefined;
  #lastPublish: Promise<unknown> = Promise.resolve();

  constructor(deps: ConnectionDeps, socket: ClientSocket, caller: Caller) {
    this.#deps = deps;
    this.#socket = socket;
    this.#caller = caller;
  }

  message(message: string | Uint8Array): void {
    if (typeof message !== "string") {
      this.#send({ op: "error", problem: problemFrom(textExpected) });
      return this.#socket.countInvalid();
    }
    if (this.#pending >= pendingMax) {
      const failure = new Failure(
        "overloaded",
        `Cannot take more than ${pendingMax} requests at once`,
      );
      return this.#send({ op: "error", ref: parseRef(message), problem: problemFrom(failure) });
    }
    this.#pending++;
    void this.#answer(message).finally(() => {
      this.#pending--;
      this.#closeEnded();
    });
  }

  /** Subscriptions end at once; what was being appended is still answered. */
  callerEnded(reason: Failure): void {
    for (const subscription of [...this.#subscriptions.values()]) subscription.cancel(reason);
    this.#closeEnded();
    this.#cancelTimer = this.#deps.clock.after(endingMs, () => this.#close());
  }

  drained(): void {
    for (const subscription of this.#subscriptions.values()) subscription.drained();
  }

  closed(): void {
    this.#cancelTimer?.();
    this.#left.abort();
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  #closeEnded(): void {
    if (this.#caller.ended !== undefined && this.#pending === 0) this.#close();
  }

  #close(): void {
    this.#socket.close(unauthenticatedCode, "unauthenticated");
  }

  async #answer(text: string): Promise<void> {
    let message: ClientMessage | undefined;
    try {
      message = parseMessage(text);
      this.#caller.allowance?.admit(message.op === "publish");
      const answer = await this.#act(message, text);
      if (answer !== undefined) this.#send({ ...answer, ref: message.ref });
    } catch (error) {
      const failure = failureFrom(error);
      if (failure.code === "internal") {
        this.#deps.logger("error", "request on a WebSocket failed", {
          cause: String(failure.cause),
        });
      }
      // An error names the request that it answers, also one that could not be parsed.
      const ref = message === undefined ? parseRef(text) : message.ref;
      this.#send({ op: "error", ref, problem: problemFrom(failure) });
      if (message === undefined) this.#socket.countInvalid();
    }
  }

  async #act(message: ClientMessage, text: string): Promise<Answer | undefined> {
    if (message.op === "ping") return { op: "pong" };
    const address = parseAddress(message);
    if (message.op === "publish") return await this.#publish(address, message, text);
    if (message.op === "unsubscribe") {
      const known = this.#subscriptions.get(nameOf(address));
      known?.close();
      this.#subscriptions.delete(nameOf(address));
      return { op: "unsubscribed", ...addressMembers(address.topic, address.key) };
    }
    await this.#subscribe(address, message);
    return undefined;
  }

  async #publish(
    address: Address,
    { dedup_id: dedupId, schema_id: schemaId }: Publish,
    text: string,
  ): Promise<Answer> {
    const { ingest } = this.#deps;
    const key = address.key ?? "";
    if (address.emitter) this.#caller.require("append", "emitter", key);
    const given = dedupId === undefined ? {} : { dedupId };
    const options = address.emitter ? emitterOptions(key, given) : given;
    const { accepted, refused, appended } = await this.#inTurn(
      address,
      () => {
        const by = address.emitter ? emittersAuthor : this.#caller;
        return ingest.check(address.topic, publishedRecords(text, key, schemaId), by);
      },
      (checked) => ingest.appendChecked(checked, options),
    );
    const position = appended === undefined ? undefined : renderPosition(appended.last);
    return { op: "accepted", accepted, position, refused };
  }

  /**
   * Publishes of one socket are appended in the order in which they came: each waits until the one
   * before it has been handed to the log, and the first of a topic, which may have to create it,
   * until it is there.
   */
  async #inTurn(
    { topic, key, emitter }: Address,
    check: () => Promise<CheckedRecords>,
    append: (checked: CheckedRecords) => Promise<IngestResult>,
  ): Promise<IngestResult> {
    const before = this.#lastPublish;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lastPublish = promise;
    await before;
    try {
      if (emitter) await requireActive(this.#deps.emitters, key ?? "");
      const appending = append(await check());
      if (!this.#written.has(topic)) {
        await appending;
        this.#written.add(topic);
      }
      resolve();
      return await appending;
    } finally {
      resolve();
    }
  }

  async #subscribe(address: Address, message: Subscribe): Promise<void> {
    this.#deps.rules.requireRead(address.topic, address.key, this.#caller);
    const name = nameOf(address);
    if (this.#subscriptions.has(name)) {
      throw new Failure("conflict", "Cannot subscribe twice to the same: unsubscribe first");
    }
    if (this.#subscriptions.size >= subscriptionsMax) {
      throw new Failure(
        "overloaded",
        `Cannot keep more than ${subscriptionsMax} subscriptions on a socket`,
      );
    }
    const subscription = new WsSubscription(this.#socket, address, message.ref, (ended) => {
      if (this.#subscriptions.get(name) === ended) this.#subscriptions.delete(name);
    });
    this.#subscriptions.set(name, subscription);
    try {
      const { topic, key } = address;
      const requested = await this.#start(address, message);
      if (message.decode === undefined) {
        const live = await this.#deps.hub.livePosition(topic);
        const start = requested === "live" ? live : requested;
        subscription.confirm(typeof start === "string" ? undefined : start);
        subscription.attach(await this.#deps.hub.subscribe(topic, key, start, subscription));
        return;
      }
      const start = await startPosition(this.#deps, topic, requested);
      subscription.confirm(start);
      const late = new AsyncSubscriber(subscription, this.#deps.decoded.ws, start);
      late.attach(await this.#deps.hub.subscribe(topic, key, start, late));
      subscription.attach(late);
    } catch (error) {
      if (this.#subscriptions.get(name) === subscription) this.#subscriptions.delete(name);
      throw error;
    }
  }

  async #start({ topic, key, emitter }: Address, { after, tail }: Subscribe): Promise<Start> {
    const requested = requestedStart({ after: startQuery.after.parse(after, "after"), tail });
    const { signal } = this.#left;
    if (emitter) return await emitterStart(this.#deps, key ?? "", requested, signal);
    return await topicStart(this.#deps.pages, topic, key, requested, signal);
  }

  #send(message: ServerMessage): void {
    // While the client does not read, the socket takes none of its messages: few answers can queue.
    this.#socket.send(JSON.stringify(message));
  }
}

const textExpected = new Failure("invalid", "Cannot read a binary message: expected JSON text");

function nameOf({ topic, key }: Address): string {
  return key === undefined ? topic : `${topic}/${key}`;
}
