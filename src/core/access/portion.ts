/** What each caller has of the bytes that this node has taken and not yet made durable. */

import { BoundedMap } from "../budget/bounded-map.ts";

/** Of one caller. The account that it is a part of adds to it: `InFlight`. */
export class Portion {
  bytes = 0;
  /** Streams that wait until this caller may bring more. */
  waiting: (() => void)[] = [];
}

/** Callers that are remembered: one that is forgotten starts again with nothing. */
const callersMax = 100_000;

/** The portions of a node's callers, by the id of the principal or the address. */
export class Portions {
  readonly #known = new BoundedMap<string, Portion>(callersMax);

  of(id: string): Portion {
    let portion = this.#known.get(id);
    if (portion === undefined) {
      portion = new Portion();
      this.#known.set(id, portion);
    }
    return portion;
  }
}
