/** Tokens against the keys that are configured, and against what attackers send in their place. */

import { afterEach, beforeEach, expect, setSystemTime, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { renderGrant } from "../../../core/access/grant.ts";
import { systemClock } from "../../../core/clock.ts";
import { Failure } from "../../../core/failure.ts";
import { silent } from "../../../core/logger.ts";
import { Expiry } from "../expiry.ts";
import { createJwksSource } from "../store/jwks-source.ts";
import { grantsFromClaim } from "./grants-claim.ts";
import { Jwks } from "./jwks.ts";
import type { TokenOptions } from "./options.ts";
import { Tokens } from "./tokens.ts";
import { TokenRefused, Verifier } from "./verify.ts";

const secret = "0123456789abcdef0123456789abcdef";
const options: TokenOptions = {
  secret: undefined,
  jwks: undefined,
  issuer: "https://issuer.example",
  audience: "sluice",
  clockSkewMs: 5000,
  grantsClaim: "grants",
};
const claims = {
  sub: "orders",
  iss: "https://issuer.example",
  aud: "sluice",
  grants: ["append topic:orders.*", "read topic:prices"],
};

/** A server of keys, as issuers have one, which counts its requests. */
let server: Server;
let served: unknown;
let requests = 0;
let status = 200;
let url = "";

beforeEach(async () => {
  requests = 0;
  status = 200;
  server = createServer((_, response) => {
    requests++;
    response.statusCode = status;
    response.end(JSON.stringify(served));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
});

afterEach(async () => {
  setSystemTime();
  await new Promise((resolve) => server.close(resolve));
});

function sign(
  key: CryptoKey | Uint8Array,
  alg: string,
  { kid, more = {}, expires = "1h" }: { kid?: string; more?: JWTPayload; expires?: string } = {},
): Promise<string> {
  return new SignJWT({ ...claims, ...more })
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .setExpirationTime(expires)
    .sign(key);
}

const bytes = (text: string) => new TextEncoder().encode(text);

function jwksOf(onUnknown = () => {}): Jwks {
  return new Jwks({ load: createJwksSource(url), clock: systemClock, logger: silent, onUnknown });
}

async function outcome(verifier: Verifier, token: string): Promise<string> {
  try {
    return (await verifier.principalOf(token)).id;
  } catch (error) {
    if (error instanceof TokenRefused) return error.why;
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

test("HS256 by the secret", async () => {
  const verifier = new Verifier({ ...options, secret }, undefined, systemClock);
  const principal = await verifier.principalOf(await sign(bytes(secret), "HS256"));
  expect(principal).toMatchObject({ kind: "token", id: "token:orders", name: "orders" });
  expect(principal.grants.list.map(renderGrant)).toEqual(claims.grants);
  const wrong = async (token: Promise<string>) => await outcome(verifier, await token);
  expect(await wrong(sign(bytes(`${secret}x`), "HS256"))).toBe("unknown");
  expect(await wrong(sign(bytes(secret), "HS384"))).toBe("malformed");
  expect(await wrong(sign(bytes(secret), "HS256", { expires: "-10s" }))).toBe("expired");
  expect(await wrong(sign(bytes(secret), "HS256", { expires: "-3s" }))).toBe("token:orders");
  for (const more of [{ iss: "https://other.example" }, { aud: "other" }, { nbf: 9_999_999_999 }]) {
    expect(await wrong(sign(bytes(secret), "HS256", { more }))).toBe("unknown");
  }
  for (const more of [{ sub: "" }, { sub: "x".repeat(201) }]) {
    expect(await wrong(sign(bytes(secret), "HS256", { more }))).toBe("malformed");
  }
  const endless = new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(bytes(secret));
  expect(await wrong(endless)).toBe("unknown");
  const unsecured = new UnsecuredJWT(claims).setExpirationTime("1h").encode();
  expect(await outcome(verifier, unsecured)).toBe("malformed");
  expect(await outcome(verifier, `${unsecured}AAAA`)).toBe("malformed");
});

for (const alg of ["RS256", "PS384", "ES256", "ES512", "EdDSA"]) {
  test(`${alg} by a key of a set`, async () => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    served = { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg }] };
    const verifier = new Verifier({ ...options, secret }, jwksOf(), systemClock);
    expect(await outcome(verifier, await sign(privateKey, alg, { kid: "one" }))).toBe(
      "token:orders",
    );
    const other = await generateKeyPair(alg);
    expect(await outcome(verifier, await sign(other.privateKey, alg, { kid: "one" }))).toBe(
      "unknown",
    );
    // The public key, which everybody has, as if it were the secret of HS256.
    const jwk = bytes(JSON.stringify(await exportJWK(publicKey)));
    const spki = bytes(await exportSPKI(publicKey));
    for (const confused of [jwk, spki]) {
      const forged = await sign(confused, "HS256", { kid: "one" });
      expect(await outcome(verifier, forged)).toBe("unknown");
      const setAlone = new Verifier(options, jwksOf(), systemClock);
      expect(await outcome(setAlone, forged)).toBe("malformed");
    }
  });
}

test("a symmetric key in the set is not used", async () => {
  served = { keys: [{ kty: "oct", k: Buffer.from(secret).toString("base64url"), kid: "one" }] };
  const verifier = new Verifier(options, jwksOf(), systemClock);
  const token = await sign(bytes(secret), "HS256", { kid: "one" });
  expect(await outcome(verifier, token)).toBe("malformed");
});

test("keys rotate, and unknown ones do not make the gateway a flood", async () => {
  const first = await generateKeyPair("ES256", { extractable: true });
  const second = await generateKeyPair("ES256", { extractable: true });
  served = { keys: [{ ...(await exportJWK(first.publicKey)), kid: "first" }] };
  let unknown = 0;
  const verifier = new Verifier(
    options,
    jwksOf(() => unknown++),
    systemClock,
  );
  const byFirst = await sign(first.privateKey, "ES256", { kid: "first" });
  const bySecond = await sign(second.privateKey, "ES256", { kid: "second" });
  expect(await outcome(verifier, byFirst)).toBe("token:orders");
  expect(requests).toBe(1);

  served = { keys: [{ ...(await exportJWK(second.publicKey)), kid: "second" }] };
  for (let i = 0; i < 100; i++) {
    const token = await sign(second.privateKey, "ES256", { kid: `unknown-${i}` });
    expect(await outcome(verifier, token)).toBe("unknown");
  }
  expect(await outcome(verifier, bySecond)).toBe("unknown");
  expect([requests, unknown]).toEqual([1, 101]);
  setSystemTime(Date.now() + 31_000);
  expect(await outcome(verifier, bySecond)).toBe("token:orders");
  expect(await outcome(verifier, byFirst)).toBe("unknown");
  expect(requests).toBe(2);

  // Its server is down: keys that were read go on for an hour, and then nothing is accepted.
  status = 500;
  const later = await sign(second.privateKey, "ES256", { kid: "second", expires: "3h" });
  setSystemTime(Date.now() + 11 * 60_000);
  expect(await outcome(verifier, later)).toBe("token:orders");
  setSystemTime(Date.now() + 60 * 60_000);
  expect(await outcome(verifier, later)).toBe("unavailable");
  status = 200;
  setSystemTime(Date.now() + 31_000);
  expect(await outcome(verifier, later)).toBe("token:orders");
});

test("a set of keys without names", async () => {
  const pairs = await Promise.all(
    [1, 2, 3].map(() => generateKeyPair("ES256", { extractable: true })),
  );
  served = { keys: await Promise.all(pairs.map(({ publicKey }) => exportJWK(publicKey))) };
  const verifier = new Verifier(options, jwksOf(), systemClock);
  for (const { privateKey } of pairs) {
    expect(await outcome(verifier, await sign(privateKey, "ES256"))).toBe("token:orders");
  }
  const other = await generateKeyPair("ES256");
  expect(await outcome(verifier, await sign(other.privateKey, "ES256"))).toBe("unknown");
});

test("a token that was verified is known at once, until it expires", async () => {
  const expiry = new Expiry(systemClock);
  const verifier = new Verifier({ ...options, secret, clockSkewMs: 0 }, undefined, systemClock);
  let verified = 0;
  const counted = {
    principalOf: (token: string) => {
      verified++;
      return verifier.principalOf(token);
    },
  };
  const tokens = new Tokens(counted, expiry);
  const token = await sign(bytes(secret), "HS256", { expires: "2s" });
  const [caller, same] = await Promise.all([tokens.caller(token), tokens.caller(token)]);
  expect(same).toBe(caller);
  expect(tokens.caller(token)).toBe(caller);
  expect(verified).toBe(1);
  const ended = new Promise<Failure>((resolve) => void caller.onEnd(resolve));
  expect((await ended).message).toContain("has expired");
  expect(Date.now() - (caller.principal.expiresMs ?? 0)).toBeLessThan(1000);
  expect(await outcome(verifier, token)).toBe("expired");
  await tokens.caller(token);
  await expect(Promise.resolve(tokens.caller(token))).rejects.toThrow("expired");
  expiry.close();
}, 20_000);

test("grants of a claim, in every form that issuers write", () => {
  const read = (value: unknown) => grantsFromClaim(value).map(renderGrant);
  const both = ["append topic:a.*", "read *"];
  expect(read(both)).toEqual(both);
  expect(read("append topic:a.*, read *")).toEqual(both);
  expect(read("append topic:a.* read *")).toEqual(both);
  expect(read("openid append:topic:a.* email read:* profile")).toEqual(both);
  expect(read(["openid", "read:user", "append:topic:a.*", 7, null, "read:*"])).toEqual(both);
  for (const value of [undefined, null, 7, {}, "", "read", ["write topic:a"], "read topic:"]) {
    expect(read(value)).toEqual([]);
  }
  expect(() => grantsFromClaim("read:* ".repeat(1001))).toThrow("more than 1000");
});
