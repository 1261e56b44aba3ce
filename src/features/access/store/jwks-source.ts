/** Reads the key set of an issuer, from a file or a URL. */

import { readFile } from "node:fs/promises";
import type { JSONWebKeySet } from "jose";
import type { LoadKeys } from "../tokens/jwks.ts";

const withinMs = 5000;
const bytesMax = 1024 * 1024;

export function createJwksSource(address: string): LoadKeys {
  return async () => {
    const text = /^https?:/.test(address)
      ? await fetched(address)
      : await readFile(address, "utf8");
    const set: unknown = JSON.parse(text);
    if (isKeySet(set)) return set;
    throw new Error('it is not a JSON Web Key Set, expected {"keys":[…]}');
  };
}

async function fetched(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    // Another host must not be able to name the keys.
    redirect: "error",
    signal: AbortSignal.timeout(withinMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the server of the keys answered ${response.status}`);
  }
  let text = "";
  const decoder = new TextDecoderStream();
  for await (const piece of response.body?.pipeThrough(decoder) ?? []) {
    text += piece;
    if (text.length > bytesMax) throw new Error(`it has more than ${bytesMax} bytes`);
  }
  return text;
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== "object" || value === null || !("keys" in value)) return false;
  return Array.isArray(value.keys) && value.keys.every((key) => typeof key === "object");
}
