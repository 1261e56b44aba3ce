/**
 * Wrong credentials by address; of IPv6, by its /64. An address that sends many is answered `overloaded`, so that its
 * clients slow down. Credentials that are right are never looked up here: nobody is locked out by
 * others behind the same address.
 */

import { clientNetwork } from "../../core/access/client-network.ts";
import { BoundedMap } from "../../core/budget/bounded-map.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Counters } from "../../core/metrics/counters.ts";

/** An address may be wrong so often at once, and then so often a second. */
const burst = 60;
const perSecond = 1;
const addressesMax = 10_000;

interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

export class Attempts {
  readonly #clock: Clock;
  readonly #counts: Counters["authenticationFailures"];
  readonly #buckets = new BoundedMap<string, Bucket>(addressesMax);

  constructor(clock: Clock, { authenticationFailures }: Counters) {
    this.#clock = clock;
    this.#counts = authenticationFailures;
  }

  /** Whether the address has been wrong too often. */
  isOver(address = ""): boolean {
    return this.#left(clientNetwork(address)) < 1;
  }

  /** Counts a credential that was right until it ended, which every client comes with at times. */
  refuseEnded(message: string): Failure {
    this.#counts.add("expired");
    return new Failure("unauthenticated", message);
  }

  /** Counts a wrong credential. Returns the failure to answer with. */
  refuse(why: "malformed" | "unknown", message: string, address = ""): Failure {
    this.#counts.add(why);
    const failure = new Failure("unauthenticated", message);
    const network = clientNetwork(address);
    const left = this.#left(network);
    if (left >= 1) {
      this.#buckets.set(network, { left: left - 1, atMs: this.#clock.nowMs() });
      return failure;
    }
    return new Failure("overloaded", "Too many wrong credentials came from this address", {
      retryAfterMs: Math.ceil(((1 - left) / perSecond) * 1000),
    });
  }

  #left(network: string): number {
    const bucket = this.#buckets.get(network);
    if (bucket === undefined) return burst;
    const seconds = Math.max(0, this.#clock.nowMs() - bucket.atMs) / 1000;
    return Math.min(burst, bucket.left + seconds * perSecond);
  }
}
