/** One subscription of a socket of many: what the hub delivers, as messages that name its target. */

import type { Failure } from "../../../core/failure.ts";
import { goingAwayCode, type Socket } from "../../../core/host.ts";
import { type Position, renderPosition } from "../../../core/position.ts";
import type { Sent } from "../../../core/sink.ts";
import type { Passed } from "../../../http/live/views.ts";
import { problemFrom } from "../../../http/problem.ts";
import { slowCode } from "../../../http/sockets.ts";
import { type Ref, wsFormat } from "../../../http/ws-messages.ts";
import type { ServerMessage } from "../../../http/ws-shapes.ts";
import type { Chunk } from "../../../hub/chunk.ts";
import type { EndReason, Subscriber, Subscription } from "../../../hub/subscriber.ts";

export class WsSubscription implements Subscriber {
  readonly #socket: Socket;
  /** They name its target. */
  readonly #members: Record<string, string>;
  readonly #head: string;
  readonly #ref: Ref;
  readonly #ended: (subscription: WsSubscription) => void;
  #subscription: Subscription | undefined;
  /** The caller's credential ended before the hub had subscribed. */
  #cancelled: Failure | undefined;
  #closed = false;

  constructor(
    socket: Socket,
    members: Record<string, string>,
    ref: Ref,
    ended: (subscription: WsSubscription) => void,
  ) {
    this.#socket = socket;
    this.#members = members;
    this.#head = JSON.stringify({ op: "events", ...members }).slice(0, -1);
    this.#ref = ref;
    this.#ended = ended;
  }

  /** Sends nothing once the client has unsubscribed. */
  confirm(position: Position | undefined): void {
    if (this.#closed) return;
    const at = position === undefined ? undefined : renderPosition(position);
    this.#send({ op: "subscribed", position: at, ref: this.#ref });
  }

  attach(subscription: Subscription): void {
    if (this.#closed) return subscription.close();
    if (this.#cancelled !== undefined) return subscription.cancel(this.#cancelled);
    this.#subscription = subscription;
  }

  deliver(chunk: Chunk): Sent {
    return this.#socket.send(chunk.as(wsFormat));
  }

  /** `events`: the elements of an array. `passed`: of a subscription with a filter. */
  sendEvents(events: string, position: Position, passed?: Passed): Sent {
    if (this.#closed) return "refused";
    const at = renderPosition(position);
    const counts = passed === undefined ? "" : `,${JSON.stringify(passed).slice(1, -1)}`;
    return this.#socket.send(`${this.#head},"events":[${events}]${counts},"position":"${at}"}`);
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

  cancel(reason: Failure): void {
    if (this.#subscription === undefined) this.#cancelled = reason;
    else this.#subscription.cancel(reason);
  }

  drained(): void {
    this.#subscription?.drained();
  }

  close(): void {
    this.#closed = true;
    this.#subscription?.close();
  }

  #send(message: ServerMessage): Sent {
    return this.#socket.send(JSON.stringify({ ...message, ...this.#members }));
  }
}
