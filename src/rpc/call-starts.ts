/**
 * When calls begin. The engine hands over all calls of one read of a socket at once, also those that the
 * client has reset in the same read, hundreds of them ("rapid reset", CVE-2023-44487). So each connection
 * begins a bounded number of calls in a round of the event loop, and the others in the rounds after it.
 * A call that has been reset meanwhile never begins.
 */

import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { Fifo } from "../core/budget/fifo.ts";

/** More than most clients send at once, and about a millisecond of work. */
const startsMax = 16;

interface Waiting {
  readonly stream: ServerHttp2Stream;
  readonly begin: () => void;
}

class Connection {
  begun = 0;
  readonly waiting = new Fifo<Waiting>();
}

export class CallStarts {
  readonly #connections = new WeakMap<Http2Session, Connection>();

  /** Calls `begin` now, or in a later round unless the stream is closed by then. */
  run(stream: ServerHttp2Stream, begin: () => void): void {
    const { session } = stream;
    if (session === undefined) return;
    const connection = this.#of(session);
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
      connection = new Connection();
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
    if (next.stream.destroyed || next.stream.closed) continue;
    count(connection);
    next.begin();
  }
}
