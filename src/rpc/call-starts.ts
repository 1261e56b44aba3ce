/**
 * When calls begin. The engine hands over all calls of one read of a socket at once, also those that the
 * client has reset in the same read, hundreds of them ("rapid reset", CVE-2023-44487). So each connection
 * begins a bounded number of calls in a round of the event loop, and the others in the rounds after it.
 * A call that has been reset meanwhile never begins. The engine makes such a call all the same, which takes
 * as long as a short call, so a client that goes on with them loses its connections.
 */

import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { clientNetwork } from "../core/access/client-network.ts";
import { BoundedMap } from "../core/budget/bounded-map.ts";
import { Fifo } from "../core/budget/fifo.ts";
import { dismiss } from "./sessions.ts";

/** More than most clients send at once, and about a millisecond of work. */
const startsMax = 16;

/**
 * Calls of one address that may be reset within ten seconds before they begin: a client may give up a
 * thousand calls at once on two connections.
 */
const resetsMax = 2000;
const resetsMs = 10_000;

/** Past that, a connection that has so many of them is closed, if they are a third of its calls. */
const ownResetsMax = 100;
const ownShare = 3;

/** Addresses that are remembered: one that is forgotten starts again with nothing. */
const addressesMax = 10_000;

interface Waiting {
  readonly stream: ServerHttp2Stream;
  readonly begin: () => void;
}

/** Calls that were reset before they began, of all connections from one address; of IPv6, from its /64. */
class Resets {
  #count = 0;
  #sinceMs = 0;

  /** False where there are too many. */
  add(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#sinceMs > resetsMs) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    return ++this.#count <= resetsMax;
  }
}

class Connection {
  begun = 0;
  readonly waiting = new Fifo<Waiting>();
  readonly #session: Http2Session;
  readonly #resets: Resets;
  #calls = 0;
  #ownResets = 0;

  constructor(session: Http2Session, resets: Resets) {
    this.#session = session;
    this.#resets = resets;
  }

  countCall(): void {
    this.#calls++;
  }

  /** Closes the connection where there are too many. */
  countReset(): void {
    this.#ownResets++;
    const isFew = this.#resets.add() || this.#ownResets <= ownResetsMax;
    if (isFew || this.#ownResets * ownShare <= this.#calls) return;
    dismiss(this.#session, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

export class CallStarts {
  readonly #connections = new WeakMap<Http2Session, Connection>();
  readonly #networks = new BoundedMap<string, Resets>(addressesMax);

  /** Calls `begin` now, or in a later round unless the stream is closed by then. */
  run(stream: ServerHttp2Stream, begin: () => void): void {
    const { session } = stream;
    if (session === undefined) return;
    const connection = this.#of(session);
    connection.countCall();
    if (connection.begun >= startsMax) {
      connection.waiting.push({ stream, begin });
      return;
    }
    count(connection);
    begin();
  }

  #of(session: Http2Session): Connection {
    let connection = this.#connections.get(session);
    if (connection === undefined) {
      const network = clientNetwork(session.socket.remoteAddress ?? "");
      const resets = this.#networks.get(network) ?? new Resets();
      this.#networks.set(network, resets);
      connection = new Connection(session, resets);
      this.#connections.set(session, connection);
    }
    return connection;
  }
}

/** Counts a call that begins; the first one of a round arranges for the next round. */
function count(connection: Connection): void {
  if (connection.begun++ === 0) setImmediate(nextRound, connection);
}

function nextRound(connection: Connection): void {
  const { waiting } = connection;
  connection.begun = 0;
  while (connection.begun < startsMax) {
    const next = waiting.shift();
    if (next === undefined) return;
    if (next.stream.destroyed || next.stream.closed) connection.countReset();
    else {
      count(connection);
      next.begin();
    }
  }
}
