/**
 * How many requests are handled in one round of the event loop. The engine hands over a thousand short ones
 * of one connection at once, when a client sends them without waiting for an answer.
 */

import { Fifo } from "../../core/budget/fifo.ts";
import type { Fetch } from "../../core/host.ts";

/** Some milliseconds of the shortest; clients that wait for answers have one each in a round. */
const handledMax = 128;

/** Others wait for the next round; what their connection sent behind them ends it (docs/protocol.md, pipelining). */
export function inRounds(fetch: Fetch): Fetch {
  const waiting = new Fifo<() => void>();
  let handled = 0;

  function begin(): void {
    if (handled++ === 0) setImmediate(nextRound);
  }

  function nextRound(): void {
    handled = 0;
    while (handled < handledMax) {
      const next = waiting.shift();
      if (next === undefined) return;
      begin();
      next();
    }
  }

  return (request) => {
    if (handled >= handledMax) {
      return new Promise<void>((resolve) => waiting.push(resolve)).then(() => fetch(request));
    }
    begin();
    return fetch(request);
  };
}
