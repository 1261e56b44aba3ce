/**
 * A socket of `WS /v1/ws`. Its back-pressure is that of all its subscriptions: when it is full, each
 * of them waits and is caught up afterwards.
 */

import type { Caller } from "../../../core/access/caller.ts";
import type { Turn } from "../../../core/budget/turn.ts";
import { Failure, failureFrom } from "../../../core/failure.ts";
import type { RecordFilters } from "../../../core/filter/record-filter.ts";
import { renderPosition } from "../../../core/position.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { requestedStart, startQuery } from "../../../http/endpoint/starting.ts";
import {
  type NamedTarget,
  showAll,
  type SocketTarget,
  type WatchedRecords,
} from "../../../http/live/target.ts";
import type { ViewOptions, Views } from "../../../http/live/views.ts";
import { problemFrom } from "../../../http/problem.ts";
import type { RecordForm } from "../../../http/records/details.ts";
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
  isQuickToParse,
  parseAddress,
  parseTarget,
  type Ref,
} from "../../../http/ws-messages.ts";
import {
  publishedRecords,
  receive,
  type Received,
  receiveInTurns,
} from "../../../http/ws-received.ts";
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
import { ViewedSubscription } from "./viewed.ts";

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
  readonly filters: RecordFilters;
  readonly views: Views;
  /** What features let sockets watch besides topics and emitters. */
  readonly targets: () => readonly SocketTarget[];
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

  message(message: string | Uint8Array, turn: Turn): void | Promise<void> {
    if (typeof message !== "string") {
      this.#send({ op: "error", problem: problemFrom(textExpected) });
      return this.#socket.countInvalid();
    }
    if (isQuickToParse(message)) return this.#take(receive(message));
    return receiveInTurns(message, turn).then((received) => this.#take(received));
  }

  #take(received: Received): void {
    if (this.#pending >= pendingMax) {
      const failure = new Failure(
        "overloaded",
        `Cannot take more than ${pendingMax} requests at once`,
      );
      return this.#send({ op: "error", ref: refOf(received), problem: problemFrom(failure) });
    }
    this.#pending++;
    void this.#answer(received).finally(() => {
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

  async #answer(received: Received): Promise<void> {
    try {
      if ("failure" in received) throw received.failure;
      const { message, events } = received;
      this.#caller.allowance?.admit(message.op === "publish");
      const answer = await this.#act(message, events);
      if (answer !== undefined) this.#send({ ...answer, ref: message.ref });
    } catch (error) {
      const failure = failureFrom(error);
      if (failure.code === "internal") {
        this.#deps.logger("error", "request on a WebSocket failed", {
          cause: String(failure.cause),
        });
      }
      // An error names the request that it answers, also one that could not be used.
      this.#send({ op: "error", ref: refOf(received), problem: problemFrom(failure) });
      if ("failure" in received) this.#socket.countInvalid();
    }
  }

  async #act(message: ClientMessage, events: readonly Uint8Array[]): Promise<Answer | undefined> {
    if (message.op === "ping") return { op: "pong" };
    if (message.op === "publish") {
      return await this.#publish(parseAddress(message), message, events);
    }
    const target = parseTarget(message);
    if (message.op === "unsubscribe") {
      const name = nameOf(target);
      this.#subscriptions.get(name)?.close();
      this.#subscriptions.delete(name);
      return { op: "unsubscribed", ...membersOf(target) };
    }
    await this.#subscribe(target, message);
    return undefined;
  }

  async #publish(
    address: Address,
    { dedup_id: dedupId, schema_id: schemaId }: Publish,
    events: readonly Uint8Array[],
  ): Promise<Answer> {
    const { ingest } = this.#deps;
    const key = address.key ?? "";
    if (address.emitter) this.#caller.require("append", "emitter", key);
    const given = dedupId === undefined ? {} : { dedupId };
    const options = address.emitter ? emitterOptions(key, given) : given;
    const { accepted, refused, appended } = await this.#inTurn(
      address,
      () => {
        const by = address.emitter ? emittersAuthor.for(this.#caller) : this.#caller;
        return ingest.check(address.topic, publishedRecords(events, key, schemaId), by);
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

  async #subscribe(target: Address | NamedTarget, message: Subscribe): Promise<void> {
    if ("topic" in target) this.#deps.rules.requireRead(target.topic, target.key, this.#caller);
    const name = nameOf(target);
    if (this.#subscriptions.has(name)) {
      throw new Failure("conflict", "Cannot subscribe twice to the same: unsubscribe first");
    }
    if (this.#subscriptions.size >= subscriptionsMax) {
      throw new Failure(
        "overloaded",
        `Cannot keep more than ${subscriptionsMax} subscriptions on a socket`,
      );
    }
    const { ref } = message;
    const subscription = new WsSubscription(this.#socket, membersOf(target), ref, (ended) => {
      if (this.#subscriptions.get(name) === ended) this.#subscriptions.delete(name);
    });
    this.#subscriptions.set(name, subscription);
    try {
      const isTopic = "topic" in target;
      const watched = isTopic ? { ...target, show: showAll } : await this.#watched(target);
      const requested = await this.#start(watched, message);
      const form = formOf(message);
      const filter = await this.#deps.filters.compile(message);
      if (isTopic && form === undefined && filter === undefined) {
        await this.#attachPlain(subscription, target, requested);
      } else {
        const how = { form: form ?? plainForm, filter };
        await this.#attachViewed(subscription, watched, requested, how);
      }
    } catch (error) {
      if (this.#subscriptions.get(name) === subscription) this.#subscriptions.delete(name);
      throw error;
    }
  }

  async #watched({ kind, name }: NamedTarget): Promise<WatchedRecords> {
    const target = this.#deps.targets().find((one) => one.kind === kind);
    if (target !== undefined) return await target.watch(name, this.#caller);
    throw new Failure("not_found", `This gateway has no target "${kind}"`);
  }

  /** In the bytes that all readers of the channel get. */
  async #attachPlain(
    subscription: WsSubscription,
    { topic, key }: Address,
    requested: Start,
  ): Promise<void> {
    const live = await this.#deps.hub.livePosition(topic);
    const start = requested === "live" ? live : requested;
    subscription.confirm(typeof start === "string" ? undefined : start);
    subscription.attach(await this.#deps.hub.subscribe(topic, key, start, subscription));
  }

  async #attachViewed(
    subscription: WsSubscription,
    { topic, key, show }: WatchedRecords,
    requested: Start,
    how: Pick<ViewOptions, "form" | "filter">,
  ): Promise<void> {
    const { hub, views, clock } = this.#deps;
    const start = await startPosition(this.#deps, topic, requested);
    subscription.confirm(start);
    const view = views.of({ show, ...how, caller: this.#caller });
    const viewed = new ViewedSubscription(subscription, clock, how.filter !== undefined);
    const late = new AsyncSubscriber(viewed, view, start);
    late.attach(await hub.subscribe(topic, key, start, late));
    subscription.attach(late);
  }

  async #start(
    { topic, key, emitter = false }: Pick<Address, "topic" | "key"> & Partial<Address>,
    { after, tail }: Subscribe,
  ): Promise<Start> {
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

const plainForm: RecordForm = { details: false, decode: false, valueBytes: undefined };

/** Undefined: as records are in pages. */
function formOf({ details = false, decode, value_bytes: valueBytes }: Subscribe) {
  const form = { details, decode: decode !== undefined, valueBytes };
  return form.details || form.decode || valueBytes !== undefined ? form : undefined;
}

/** No topic has a colon in its name. */
function nameOf(target: Address | NamedTarget): string {
  if ("kind" in target) return `${target.kind}:${target.name}`;
  const { topic, key } = target;
  return key === undefined ? topic : `${topic}/${key}`;
}

function refOf(received: Received): Ref {
  return "failure" in received ? received.ref : received.message.ref;
}

function membersOf(target: Address | NamedTarget): Record<string, string> {
  if ("kind" in target) return { [target.kind]: target.name };
  return addressMembers(target.topic, target.key);
}
