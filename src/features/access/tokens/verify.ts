/** Checks a token: its signature by the key that is configured for its algorithm, and its claims. */

import { createSecretKey, type KeyObject } from "node:crypto";
import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import type { Principal } from "../../../core/access/caller.ts";
import { Grants } from "../../../core/access/grant.ts";
import type { Clock } from "../../../core/clock.ts";
import { Failure } from "../../../core/failure.ts";
import { claimAt, grantsFromClaim } from "./grants-claim.ts";
import type { Jwks } from "./jwks.ts";
import type { TokenOptions } from "./options.ts";

const symmetric = ["HS256"];
/** `none` is not among them, and neither is one that a public key could be taken for a secret of. */
const asymmetric = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Keys of a set without names that are tried for one token. */
const candidatesMax = 4;
const subjectCharsMax = 200;

/** A token is wrong, expired or not for this gateway. */
export class TokenRefused extends Error {
  readonly why: "malformed" | "unknown" | "expired";

  constructor(why: TokenRefused["why"], message: string) {
    super(message);
    this.name = "TokenRefused";
    this.why = why;
  }
}

export class Verifier {
  readonly #options: TokenOptions;
  readonly #secret: KeyObject | undefined;
  readonly #jwks: Jwks | undefined;
  readonly #clock: Clock;
  readonly #checks: JWTVerifyOptions;

  constructor(options: TokenOptions, jwks: Jwks | undefined, clock: Clock) {
    const { secret, issuer, audience, clockSkewMs } = options;
    this.#options = options;
    this.#secret = secret === undefined ? undefined : createSecretKey(secret, "utf8");
    this.#jwks = jwks;
    this.#clock = clock;
    this.#checks = {
      clockTolerance: clockSkewMs / 1000,
      requiredClaims: ["exp", "sub"],
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
  }

  /** Throws `TokenRefused`, and `unavailable` where the keys of the issuer cannot be read. */
  async principalOf(token: string): Promise<Principal> {
    try {
      return this.#principal(await this.#verified(token));
    } catch (error) {
      if (error instanceof Failure || error instanceof TokenRefused) throw error;
      throw refusalFrom(error);
    }
  }

  /** The key follows from the algorithm, never from what the token claims about a key. */
  async #verified(token: string): Promise<JWTPayload> {
    const { alg = "" } = decodeProtectedHeader(token);
    const checks = { ...this.#checks, currentDate: new Date(this.#clock.nowMs()) };
    if (this.#secret !== undefined && symmetric.includes(alg)) {
      const options = { ...checks, algorithms: symmetric };
      return (await jwtVerify(token, this.#secret, options)).payload;
    }
    const jwks = this.#jwks;
    if (jwks === undefined || !asymmetric.includes(alg)) {
      throw new TokenRefused("malformed", "its algorithm is not one of those that are configured");
    }
    const options = { ...checks, algorithms: asymmetric };
    try {
      const verified = await jwtVerify(token, (...of) => jwks.keyOf(...of), options);
      return verified.payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await verifiedByOneOf(error, token, options);
    }
  }

  #principal(claims: JWTPayload): Principal {
    const { sub, exp, name } = claims;
    if (typeof sub !== "string" || sub === "" || sub.length > subjectCharsMax) {
      throw new TokenRefused(
        "malformed",
        `its claim "sub" is not a text of 1 to ${subjectCharsMax}`,
      );
    }
    const { grantsClaim, clockSkewMs } = this.#options;
    return {
      kind: "token",
      id: `token:${sub}`,
      name: typeof name === "string" && name.length <= subjectCharsMax ? name : sub,
      grants: new Grants(grantsFromClaim(claimAt(claims, grantsClaim))),
      expiresMs: (exp ?? 0) * 1000 + clockSkewMs,
    };
  }
}

async function verifiedByOneOf(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of keys) {
    if (++tried > candidatesMax) break;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** jose's messages name a claim at most, and never its value or the token. */
function refusalFrom(error: unknown): TokenRefused {
  if (error instanceof errors.JWTExpired) return new TokenRefused("expired", "it has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new TokenRefused("unknown", `its claim "${error.claim}" is missing or not as expected`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenRefused("unknown", "its signature is wrong");
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new TokenRefused("unknown", "it is signed with a key that the issuer does not have");
  }
  return new TokenRefused("malformed", "it is not a signed JWT of a known kind");
}
