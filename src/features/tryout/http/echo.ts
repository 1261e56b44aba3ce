/** `WS /echo`: what comes in goes out. */

import type { Hono } from "hono";
import type { Socket, SocketEvents } from "../../../core/host.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { checkOrigin } from "../../../http/origin.ts";
import { echo } from "./endpoints.ts";

/** Bytes that may wait for a peer that sends without reading. */
const heldBytesMax = 1024 * 1024;

export function mountEcho(app: Hono, { host, origins }: Pick<HttpDeps, "host" | "origins">): void {
  serve(app, echo, (_, c) => {
    checkOrigin(c.req.raw, origins);
    return host.upgrade(c.req.raw, (socket) => new Echo(socket));
  });
}

class Echo implements SocketEvents {
  readonly #socket: Socket;
  #held: (string | Uint8Array)[] = [];
  #heldBytes = 0;
  #full = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  message(message: string | Uint8Array): void {
    if (!this.#full) {
      this.#full = this.#socket.send(message) === "queued";
      return;
    }
    this.#heldBytes += message.length;
    if (this.#heldBytes > heldBytesMax) this.#socket.close(4008, "slow_subscriber");
    else this.#held.push(message);
  }

  drained(): void {
    this.#full = false;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const message of held) this.message(message);
  }

  closed(): void {
    this.#held = [];
  }
}
