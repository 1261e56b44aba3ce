/** The public keys of an issuer: read again when they are old, and when a token names another one. */

import {
  createLocalJWKSet,
  type CryptoKey,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWTHeaderParameters,
} from "jose";
import type { Clock } from "../../../core/clock.ts";
import { Failure, failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";

/** Reads the key set. Throws why it cannot. */
export type LoadKeys = () => Promise<JSONWebKeySet>;

export interface JwksDeps {
  readonly load: LoadKeys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A token named a key that cannot be looked for yet. */
  readonly onUnknown: () => void;
}

/** A key that its issuer took back is not accepted for longer than this. */
const freshMs = 10 * 60_000;
/** Pause between two reads: names of keys are the caller's to choose. */
const pauseMs = 30_000;
/** Until then keys count that cannot be read again, because their server does not answer. */
const usableMs = 60 * 60_000;

type Resolve = (header: JWTHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

export class Jwks {
  readonly #deps: JwksDeps;
  #resolve: Resolve | undefined;
  #loadedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;

  constructor(deps: JwksDeps) {
    this.#deps = deps;
  }

  /**
   * The key that a token names. Throws jose's errors, and `unavailable` where there are no keys.
   * A set of keys without names has one key for an algorithm.
   */
  async keyOf(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const ageMs = this.#deps.clock.nowMs() - this.#loadedMs;
    if (ageMs > freshMs) {
      const loading = this.#reload();
      // What is known counts until then: no caller waits for a slow server of keys.
      if (ageMs > usableMs) await loading;
    }
    try {
      return await this.#known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (!(await this.#reload())) {
        this.#deps.onUnknown();
        throw error;
      }
      return await this.#known(header, token);
    }
  }

  async #known(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const isUsable = this.#deps.clock.nowMs() - this.#loadedMs <= usableMs;
    if (this.#resolve === undefined || !isUsable) {
      const message = "The keys of the tokens' issuer cannot be read now";
      throw new Failure("unavailable", message, { retryAfterMs: 1000 });
    }
    return await this.#resolve(header, token);
  }

  /** False where it was tried a moment ago. */
  async #reload(): Promise<boolean> {
    const nowMs = this.#deps.clock.nowMs();
    // A set that could never be read is tried more often: nothing works without it.
    const waitMs = this.#resolve === undefined ? pauseMs / 30 : pauseMs;
    if (this.#loading === undefined && nowMs - this.#triedMs < waitMs) return false;
    this.#triedMs = nowMs;
    await (this.#loading ??= this.#load(nowMs));
    return true;
  }

  async #load(nowMs: number): Promise<void> {
    const { load, logger } = this.#deps;
    try {
      this.#resolve = createLocalJWKSet(await load());
      this.#loadedMs = nowMs;
    } catch (error) {
      const reason = error instanceof Error ? error.message : failureFrom(error).message;
      logger("warn", "the keys of SLUICE_JWT_JWKS cannot be read", { reason });
    } finally {
      this.#loading = undefined;
    }
  }
}
