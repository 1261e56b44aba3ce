/**
 * How many requests are handled in one round of the event loop. The engine hands over a thousand short ones
 * of one connection at once, when a client sends them without waiting for an answer.
 */

import { Fifo } from "../../core/budget/fifo.ts";
import { Failure } from "../../core/failure.ts";
import type { Fetch } from "../../core/host.ts";
import { problemResponse } from "../problem.ts";

/** Some milliseconds of the shortest, of all connections together. */
const handledMax = 128;

const clientLeft = new Failure("cancelled", "Cannot handle the request: the client left");

interface Waiting {
  readonly request: Request;
  /** With nothing where the request can be handled now. */
  readonly resolve: (answer: Response | undefined) => void;
}

/**
 * Others wait for the next round, and are not handled where their client has left by then. On a connection of
 * HTTP/1.1 what was sent behind one that waits ends the connection (docs/protocol.md, pipelining).
 */
export function inRounds(fetch: Fetch): Fetch {
  const waiting = new Fifo<Waiting>();
  let handled = 0;

  function begin(): void {
    if (handled++ === 0) setImmediate(nextRound);
  }

  function nextRound(): void {
    handled = 0;
    while (handled < handledMax) {
      const next = waiting.shift();
      if (next === undefined) return;
      // The engine knows nothing any more about the connection of a client that has left.
      if (next.request.signal.aborted) next.resolve(problemResponse(clientLeft));
      else {
        begin();
        next.resolve(undefined);
      }
    }
  }

  return (request) => {
    if (handled >= handledMax) {
      const waited = new Promise<Response | undefined>((resolve) => {
        waiting.push({ request, resolve });
      });
      return waited.then((answer) => answer ?? fetch(request));
    }
    begin();
    return fetch(request);
  };
}
