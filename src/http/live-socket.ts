/** A WebSocket that is one subscription: what it is about stands in its address, and it only listens. */
import { Failure, failureFrom, type FailureCode } from "../core/failure.ts";
import { goingAwayCode, type Socket, type SocketEvents } from "../core/host.ts";
import { renderPosition, type Position } from "../core/position.ts";
import type { Sent } from "../core/sink.ts";
import type { EndReason, Subscription } from "../hub/subscriber.ts";
import type { ByteFace } from "./filtered.ts";
import { problemFrom } from "./problem.ts";
import { parseMessage, slowCode } from "./ws-messages.ts";

/** The subscription could not be had, or is over for a reason that has no code of its own. */
const failedCode = 1011;

const closeCodes: { readonly [code in FailureCode]?: number } = {
  slow_subscriber: slowCode,
  shutting_down: goingAwayCode,
};

type Subscribe = (confirm: (position: Position | undefined) => void) => Promise<Subscription>;

/** Its messages are those of `WS /v1/ws`; of those that are sent to it, it knows `ping`. */
export class LiveSocket implements SocketEvents, ByteFace<string> {
  readonly #socket: Socket;
  #subscription: Subscription | undefined;
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async open(subscribe: Subscribe): Promise<void> {
    try {
      const subscription = await subscribe((position) => {
        const at = position === undefined ? undefined : renderPosition(position);
        this.#tell({ op: "subscribed", position: at });
      });
      if (this.#closed) subscription.close();
      else this.#subscription = subscription;
    } catch (error) {
      const failure = failureFrom(error);
      this.#tell({ op: "closed", problem: problemFrom(failure) });
      this.#socket.close(failedCode, failure.code);
    }
  }

  message(message: string | Uint8Array): void {
    try {
      const given = parseMessage(typeof message === "string" ? message : "");
      if (given.op !== "ping") throw onlyListens;
      this.#tell({ op: "pong", ref: given.ref });
    } catch (error) {
      this.#tell({ op: "error", problem: problemFrom(failureFrom(error)) });
    }
  }

  write(text: string): Sent {
    return this.#socket.send(text);
  }

  reset(position: Position, reason: Failure): Sent {
    return this.#tell({ op: "reset", position: renderPosition(position), reason: reason.message });
  }

  end(reason: EndReason, position: Position): void {
    const at = renderPosition(position);
    if (reason === "ended") {
      this.#tell({ op: "end", position: at });
      return;
    }
    this.#tell({ op: "closed", position: at, problem: problemFrom(reason) });
    this.#socket.close(closeCodes[reason.code] ?? failedCode, `${reason.code} after ${at}`);
  }

  drained(): void {
    this.#subscription?.drained();
  }

  closed(): void {
    this.#closed = true;
    this.#subscription?.close();
  }

  #tell(told: Readonly<Record<string, unknown>>): Sent {
    return this.#socket.send(JSON.stringify(told));
  }
}

const onlyListens = new Failure(
  "invalid",
  "Cannot do this on a socket of one subscription: expected ping, or /v1/ws for the rest",
);
