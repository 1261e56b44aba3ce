/**
 * `WS /v1/ws`: many subscriptions and publishes on one socket. The socket's back-pressure is that
 * of all its subscriptions: when it is full, each of them waits and is caught up afterwards.
 */
import type { Hono } from "hono";
import { emittersTopic } from "../../../core/emitters.ts";
import { Failure, failureFrom } from "../../../core/failure.ts";
import { renderPosition, type Position } from "../../../core/position.ts";
import type { Sent } from "../../../core/sink.ts";
import type { Chunk } from "../../../hub/chunk.ts";
import { AsyncSubscriber } from "../../../hub/async-format.ts";
import type { EndReason, Subscriber, Subscription } from "../../../hub/subscriber.ts";
import type { CheckedRecords, IngestResult } from "../../../ingest/ingest.ts";
import type { DecodedFormats } from "../../../http/decoded.ts";
import { emitterOptions, emitterStart, requireActive } from "../../emitters/use.ts";
import type { Emitters } from "../../emitters/emitters.ts";
import { parseStart, topicStart } from "../../../http/start.ts";
import { writableTopic } from "../writable.ts";
import { goingAwayCode, type Socket, type SocketEvents } from "../../../core/host.ts";
import { checkOrigin } from "../../../http/origin.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { problemFrom } from "../../../http/problem.ts";
import { startPosition } from "../../../http/streaming.ts";
import {
  addressMembers,
  parseAddress,
  parseMessage,
  parseRef,
  publishedRecords,
  slowCode,
  wsFormat,
  type Address,
  type ClientMessage,
  type Ref,
} from "../../../http/ws-messages.ts";

const subscriptionsMax = 1000;
/** Requests of one socket that are not yet answered. */
const pendingMax = 256;

interface SocketDeps extends HttpDeps {
  readonly emitters: Emitters;
  readonly decoded: DecodedFormats;
}

export function mountWs(app: Hono, deps: SocketDeps): void {
  app.get("/v1/ws", (c) => {
    checkOrigin(c.req.raw, deps.origins);
    return deps.host.upgrade(c.req.raw, (socket) => new WsConnection(deps, socket));
  });
}

class WsConnection implements SocketEvents {
  readonly #deps: SocketDeps;
  readonly #socket: Socket;
  readonly #subscriptions = new Map<string, WsSubscription>();
  readonly #written = new Set<string>();
  #pending = 0;
  #lastPublish: Promise<unknown> = Promise.resolve();

  constructor(deps: SocketDeps, socket: Socket) {
    this.#deps = deps;
    this.#socket = socket;
  }

  message(message: string | Uint8Array): void {
    if (typeof message !== "string") {
      return this.#tell({ op: "error", problem: problemFrom(wantedText) });
    }
    if (this.#pending >= pendingMax) {
      const failure = new Failure(
        "overloaded",
        `Cannot take more than ${pendingMax} requests at once`,
      );
      return this.#tell({ op: "error", ref: parseRef(message), problem: problemFrom(failure) });
    }
    this.#pending++;
    void this.#answer(message).finally(() => this.#pending--);
  }

  drained(): void {
    for (const subscription of this.#subscriptions.values()) subscription.drained();
  }

  closed(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  async #answer(text: string): Promise<void> {
    let ref: Ref;
    try {
      const message = parseMessage(text);
      ref = message.ref;
      const told = await this.#act(message, text);
      if (told !== undefined) this.#tell({ ...told, ref });
    } catch (error) {
      const failure = failureFrom(error);
      if (failure.code === "internal") {
        this.#deps.logger("error", "A WebSocket request failed", { cause: String(failure.cause) });
      }
      this.#tell({ op: "error", ref, problem: problemFrom(failure) });
    }
  }

  async #act(message: ClientMessage, text: string): Promise<Told | undefined> {
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
    { dedup_id: dedupId, schema_id: schemaId }: Extract<ClientMessage, { op: "publish" }>,
    text: string,
  ): Promise<Told> {
    const { ingest } = this.#deps;
    const key = address.key ?? "";
    const given = dedupId === undefined ? {} : { dedupId };
    const options = address.emitter ? emitterOptions(key, given) : given;
    const { accepted, refused, appended } = await this.#inTurn(
      address,
      () => {
        const topic = address.emitter ? emittersTopic : writableTopic(address.topic);
        return ingest.check(topic, publishedRecords(text, key, schemaId));
      },
      (checked) => ingest.appendChecked(checked, options),
    );
    const position = appended === undefined ? undefined : renderPosition(appended.last);
    return { op: "accepted", accepted, position, refused };
  }

  /**
   * Publishes of one socket are appended in the order in which they came: each waits until the one
   * before it has been handed to the log, and the first of a topic, which may have to make it,
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

  async #subscribe(
    address: Address,
    message: Extract<ClientMessage, { op: "subscribe" }>,
  ): Promise<void> {
    const name = nameOf(address);
    if (this.#subscriptions.has(name)) {
      throw new Failure("conflict", "Cannot subscribe twice to the same: unsubscribe first");
    }
    if (this.#subscriptions.size >= subscriptionsMax) {
      throw new Failure(
        "overloaded",
        `Cannot hold more than ${subscriptionsMax} subscriptions on a socket`,
      );
    }
    const subscription = new WsSubscription(this.#socket, address, message.ref, (ended) => {
      if (this.#subscriptions.get(name) === ended) this.#subscriptions.delete(name);
    });
    this.#subscriptions.set(name, subscription);
    try {
      const query = new URLSearchParams();
      if (message.after !== undefined) query.set("after", message.after);
      if (message.tail !== undefined) query.set("tail", String(message.tail));
      const requested = parseStart(undefined, query);
      const { topic, key } = address;
      const wanted = address.emitter
        ? await emitterStart(this.#deps, key ?? "", requested)
        : await topicStart(this.#deps.log, topic, key, requested);
      if (message.decode === undefined) {
        const live = await this.#deps.hub.livePosition(topic);
        const start = wanted === "live" ? live : wanted;
        subscription.confirm(typeof start === "string" ? undefined : start);
        subscription.attach(await this.#deps.hub.subscribe(topic, key, start, subscription));
        return;
      }
      const start = await startPosition(this.#deps, topic, wanted);
      subscription.confirm(start);
      const late = new AsyncSubscriber(subscription, this.#deps.decoded.ws, start);
      late.attach(await this.#deps.hub.subscribe(topic, key, start, late));
      subscription.attach(late);
    } catch (error) {
      if (this.#subscriptions.get(name) === subscription) this.#subscriptions.delete(name);
      throw error;
    }
  }

  #tell(told: Told): void {
    // `queued` is fine: answers are bounded by the requests that may be pending.
    this.#socket.send(JSON.stringify(told));
  }
}

interface Told {
  readonly op: string;
  readonly [member: string]: unknown;
}

const wantedText = new Failure("invalid", "Cannot read a binary message: expected JSON text");

function nameOf({ topic, key }: Address): string {
  return key === undefined ? topic : `${topic}/${key}`;
}

class WsSubscription implements Subscriber {
  readonly #socket: Socket;
  readonly #members: Record<string, string>;
  readonly #ref: Ref;
  readonly #ended: (subscription: WsSubscription) => void;
  #subscription: Subscription | undefined;
  #closed = false;

  constructor(
    socket: Socket,
    address: Address,
    ref: Ref,
    ended: (subscription: WsSubscription) => void,
  ) {
    this.#socket = socket;
    this.#members = addressMembers(address.topic, address.key);
    this.#ref = ref;
    this.#ended = ended;
  }

  /** Nothing is said of one that was unsubscribed meanwhile. */
  confirm(position: Position | undefined): void {
    if (this.#closed) return;
    const at = position === undefined ? undefined : renderPosition(position);
    this.#send({ op: "subscribed", position: at, ref: this.#ref });
  }

  attach(subscription: Subscription): void {
    if (this.#closed) return subscription.close();
    this.#subscription = subscription;
  }

  deliver(chunk: Chunk): Sent {
    return this.write(chunk.as(wsFormat));
  }

  write(text: string): Sent {
    return this.#socket.send(text);
  }

  reset(position: Position, reason: Failure): Sent {
    return this.#send({ op: "reset", position: renderPosition(position), reason: reason.message });
  }

  end(reason: EndReason, position: Position): void {
    this.#closed = true;
    this.#ended(this);
    const at = renderPosition(position);
    if (reason === "ended") {
      this.#send({ op: "end", position: at });
      return;
    }
    this.#send({ op: "closed", position: at, problem: problemFrom(reason) });
    if (reason.code === "slow_subscriber") {
      this.#socket.close(slowCode, `slow_subscriber after ${at}`);
    }
    if (reason.code === "shutting_down") this.#socket.close(goingAwayCode, "shutting_down");
  }

  drained(): void {
    this.#subscription?.drained();
  }

  close(): void {
    this.#closed = true;
    this.#subscription?.close();
  }

  #send(told: Told): Sent {
    return this.#socket.send(JSON.stringify({ ...told, op: told.op, ...this.#members }));
  }
}
