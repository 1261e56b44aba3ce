/** A WebSocket for one subscription, which its URL chooses: the client sends nothing but `ping`. */

import { Failure, type FailureCode, failureFrom } from "../core/failure.ts";
import { goingAwayCode } from "../core/host.ts";
import { type Position, renderPosition } from "../core/position.ts";
import type { Sent } from "../core/sink.ts";
import type { EndReason, Subscription } from "../hub/subscriber.ts";
import type { ByteSubscriber } from "./filtered.ts";
import { problemFrom } from "./problem.ts";
import { type ClientEvents, type ClientSocket, slowCode, unauthenticatedCode } from "./sockets.ts";
import { isQuickToParse, parseMessage, parseRef } from "./ws-messages.ts";
import type { ServerMessage } from "./ws-shapes.ts";

/** The subscription failed, or ended for a reason without its own code. */
const failedCode = 1011;

const closeCodes: { readonly [code in FailureCode]?: number } = {
  slow_subscriber: slowCode,
  shutting_down: goingAwayCode,
  unauthenticated: unauthenticatedCode,
};

type Subscribe = (confirm: (position: Position | undefined) => void) => Promise<Subscription>;

/** Its messages are those of `WS /v1/ws`; it takes `ping` alone. */
export class LiveSocket implements ClientEvents, ByteSubscriber<string> {
  readonly #socket: ClientSocket;
  #subscription: Subscription | undefined;
  /** The caller's credential ended before there was a subscription. */
  #cancelled: Failure | undefined;
  readonly #left = new AbortController();

  constructor(socket: ClientSocket) {
    this.#socket = socket;
  }

  /** Aborts when the client has left. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  async open(subscribe: Subscribe): Promise<void> {
    try {
      const subscription = await subscribe((position) => {
        const at = position === undefined ? undefined : renderPosition(position);
        this.#send({ op: "subscribed", position: at });
      });
      if (this.signal.aborted) subscription.close();
      else if (this.#cancelled !== undefined) subscription.cancel(this.#cancelled);
      else this.#subscription = subscription;
    } catch (error) {
      const failure = failureFrom(error);
      this.#send({ op: "closed", problem: problemFrom(failure) });
      this.#socket.close(failedCode, failure.code);
    }
  }

  message(message: string | Uint8Array): void {
    const text = typeof message === "string" && isQuickToParse(message) ? message : "";
    try {
      const given = parseMessage(text);
      if (given.op !== "ping") throw onlyListens;
      this.#send({ op: "pong", ref: given.ref });
    } catch (error) {
      const problem = problemFrom(failureFrom(error));
      this.#send({ op: "error", ref: parseRef(text), problem });
      this.#socket.countInvalid();
    }
  }

  write(text: string): Sent {
    return this.#socket.send(text);
  }

  reset(position: Position, reason: Failure): Sent {
    return this.#send({ op: "reset", position: renderPosition(position), reason: reason.message });
  }

  end(reason: EndReason, position: Position): void {
    const at = renderPosition(position);
    if (reason === "ended") {
      this.#send({ op: "end", position: at });
      return;
    }
    this.#send({ op: "closed", position: at, problem: problemFrom(reason) });
    this.#socket.close(closeCodes[reason.code] ?? failedCode, `${reason.code} after ${at}`);
  }

  callerEnded(reason: Failure): void {
    if (this.#subscription === undefined) this.#cancelled = reason;
    else this.#subscription.cancel(reason);
  }

  drained(): void {
    this.#subscription?.drained();
  }

  closed(): void {
    this.#left.abort();
    this.#subscription?.close();
  }

  #send(message: ServerMessage): Sent {
    return this.#socket.send(JSON.stringify(message));
  }
}

const onlyListens = new Failure(
  "invalid",
  "Cannot do this on a socket of one subscription: expected ping, or /v1/ws for the rest",
);
