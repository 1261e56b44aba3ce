/**
 * Secrets that this gateway makes: `slk_3kf82hs0_` and 256 random bits. The visible part is where a
 * secret is looked up; only the hash of the whole is stored.
 *
 * The hash is one SHA-256. Slow hashes make guessing a password expensive; 256 random bits cannot be
 * guessed at any speed, and a key is checked with every request.
 */

import { Buffer } from "node:buffer";
import { hash, randomBytes, timingSafeEqual } from "node:crypto";

/** What programs that search for leaked secrets, and people, know one by. */
export const secretPrefixes = { key: "slk", session: "sls", ticket: "slt" } as const;
export type SecretKind = keyof typeof secretPrefixes;

export interface Secret {
  /** Shown once. */
  readonly text: string;
  readonly id: string;
  readonly hash: Uint8Array;
}

const idChars = 8;
const idAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
/** 256 bits as base64url. */
const randomChars = 43;

const pattern = new RegExp(
  `^(${Object.values(secretPrefixes).join("|")})_([0-9a-z]{${idChars}})_[A-Za-z0-9_-]{${randomChars}}$`,
);

export function createSecret(kind: SecretKind): Secret {
  const id = randomId();
  const text = `${secretPrefixes[kind]}_${id}_${randomBytes(32).toString("base64url")}`;
  return { text, id, hash: hashOf(text) };
}

/** The visible id of a well-formed secret of this kind; undefined for anything else. */
export function secretId(kind: SecretKind, text: string): string | undefined {
  const [, prefix, id] = pattern.exec(text) ?? [];
  return prefix === secretPrefixes[kind] ? id : undefined;
}

export function hashOf(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

/** In constant time. */
export function isHashOf(expected: Uint8Array, text: string): boolean {
  return timingSafeEqual(expected, hashOf(text));
}

function randomId(): string {
  // 252 is the largest multiple of 36 in a byte: what lies above it would make some letters likelier.
  const bytes = Buffer.from([...randomBytes(4 * idChars)].filter((byte) => byte < 252));
  return Array.from(bytes.subarray(0, idChars), (byte) => idAlphabet[byte % 36]).join("");
}
