/**
 * When calls begin. The engine hands over all calls of one read of a socket at once, also those that the
 * client has reset in the same read, hundreds of them ("rapid reset", CVE-2023-44487). So each connection
 * begins a bounded number of calls in a round of the event loop, and the others in the rounds after it.
 * A call that has been reset meanwhile never begins. The engine has made it all the same, which takes as
 * long as a short call, so a connection many of whose calls end so is closed.
 */

import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { Fifo } from "../core/budget/fifo.ts";

/** More than most clients send at once, and about a millisecond of work. */
const startsMax = 16;

/** Calls of a connection that never began, before their share counts. */
const neverBegunMax = 100;

/** One in so many: the others of an attack begin, because its resets come a little later. */
const neverBegunShare = 3;

/** What is counted of a connection: the older calls of it count half. */
const countedMax = 1000;

interface Waiting {
  readonly stream: ServerHttp2Stream;
  readonly begin: () => void;
}

class Connection {
  readonly session: Http2Session;
  begun = 0;
  readonly waiting = new Fifo<Waiting>();
  #calls = 0;
  #neverBegun = 0;

  constructor(session: Http2Session) {
    this.session = session;
  }

  come(): void {
    if (++this.#calls < countedMax) return;
    this.#calls /= 2;
    this.#neverBegun /= 2;
  }

  /** Closes the connection where a third of its calls are reset before they begin. */
  passOver(): void {
    this.#neverBegun++;
    const isMuch = this.#neverBegun * neverBegunShare > this.#calls;
    if (this.#neverBegun <= neverBegunMax || !isMuch || this.session.destroyed) return;
    // Bun's `destroy` does not send the reason that it is given.
    this.session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.session.destroy();
  }
}

export class CallStarts {
  readonly #connections = new WeakMap<Http2Session, Connection>();

  /** Calls `begin` now, or in a later round unless the stream is closed by then. */
  run(stream: ServerHttp2Stream, begin: () => void): void {
    const { session } = stream;
    if (session === undefined) return;
    const connection = this.#of(session);
    connection.come();
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
      connection = new Connection(session);
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
    if (next.stream.destroyed || next.stream.closed) connection.passOver();
    else {
      count(connection);
      next.begin();
    }
  }
}
