/**
 * Tokens (JWT) as credentials. One that was verified is known until it expires: a request with it
 * costs a hash, and its caller is the same for all of them.
 */

import { hash } from "node:crypto";
import { Caller } from "../../../core/access/caller.ts";
import { BoundedMap } from "../../../core/budget/bounded-map.ts";
import { Semaphore } from "../../../core/budget/semaphore.ts";
import type { Expiry } from "../expiry.ts";
import type { Verifier } from "./verify.ts";

/** As many as principals may be at work on one node; more are verified again. */
const knownMax = 10_000;
/** Longer tokens are refused before they are looked at. */
const charsMax = 8192;
const verifiedAtOnce = 16;
const waitingMax = 1000;

export class Tokens {
  readonly #verifier: Pick<Verifier, "principalOf">;
  readonly #expiry: Expiry;
  /** By hash, so that no token is kept; in the order of their use. */
  readonly #known = new BoundedMap<string, Caller>(knownMax);
  readonly #verifying = new Map<string, Promise<Caller>>();
  readonly #permits = new Semaphore(verifiedAtOnce, {
    waitingMax,
    refusal: "Too many tokens are being verified",
  });

  constructor(verifier: Pick<Verifier, "principalOf">, expiry: Expiry) {
    this.#verifier = verifier;
    this.#expiry = expiry;
  }

  /** Whether it may be a token at all: three parts, and not too long. */
  static mayBe(text: string): boolean {
    return text.length <= charsMax && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
  }

  /** At once where it is known. Rejects with `TokenRefused`, `unavailable` or `overloaded`. */
  caller(token: string): Caller | Promise<Caller> {
    const id = hash("sha256", token, "base64");
    const known = this.#known.get(id);
    if (known === undefined) return this.#verify(id, token);
    this.#expiry.check(known);
    if (known.ended === undefined) this.#known.set(id, known);
    else this.#known.delete(id);
    return known;
  }

  #verify(id: string, token: string): Promise<Caller> {
    let verifying = this.#verifying.get(id);
    if (verifying === undefined) {
      verifying = this.#permits
        .use(async () => {
          const principal = await this.#verifier.principalOf(token);
          const caller = new Caller(principal, this.#expiry.watch);
          this.#known.set(id, caller);
          // jose looks at whole seconds.
          this.#expiry.check(caller);
          return caller;
        })
        .finally(() => this.#verifying.delete(id));
      this.#verifying.set(id, verifying);
    }
    return verifying;
  }
}
