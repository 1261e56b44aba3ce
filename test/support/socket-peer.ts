/** A WebSocket without a network, behind what all sockets of a node share. */

import { MemoryAccount } from "../../src/core/budget/memory.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Host, Socket, SocketEvents } from "../../src/core/host.ts";
import { type ClientEvents, type ClientSocket, Sockets } from "../../src/http/sockets.ts";

export class Peer implements Socket {
  readonly bufferedBytes = 0;
  readonly sent: string[] = [];
  closedWith: number | undefined;
  events: SocketEvents | undefined;

  send(message: string | Uint8Array): "sent" {
    this.sent.push(String(message));
    return "sent";
  }

  close(code: number): void {
    this.closedWith = code;
    this.events?.closed();
  }

  terminate(): void {
    this.events?.closed();
  }
}

export function openPeer(open: (socket: ClientSocket) => ClientEvents) {
  const peer = new Peer();
  const memory = new MemoryAccount(2 ** 30);
  const receiving = memory.share("receiving", 0.5);
  const host: Pick<Host, "upgrade"> = {
    upgrade(_, opened) {
      peer.events = opened(peer);
      return new Response(null);
    },
  };
  const sockets = new Sockets({
    host: { ...host, stream: () => new Response(null) },
    clock: systemClock,
    logger: (_, message) => {
      throw new Error(message);
    },
    turns: new Turns(),
    receiving,
    answers: memory.share("answers", 0.5),
    stallMs: 1000,
  });
  sockets.upgrade(new Request("http://localhost/"), open);
  return { peer, receiving };
}
