// Fuzzes compressed bodies against zlib, and what `Content-Encoding` may say.

import { expect, test } from "bun:test";
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { MemoryAccount } from "../../src/core/budget/memory.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { Failure, type FailureCode } from "../../src/core/failure.ts";
import { Bodies } from "../../src/http/body.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";

const bytesMax = 4096;
const receiving = new MemoryAccount(2 ** 30).share("receiving", 1);
const bodies = new Bodies({ bytesMax, rateMin: 1, turns: new Turns(), receiving });

/** The body's bytes, or the code of the failure. Throws what is not a failure. */
async function read(bytes: Uint8Array<ArrayBuffer>, encoding: string, pieces: number) {
  const size = Math.max(1, Math.ceil(bytes.byteLength / pieces));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.byteLength; at += size) {
        controller.enqueue(bytes.subarray(at, at + size));
      }
      controller.close();
    },
  });
  const headers = { "content-encoding": encoding };
  try {
    return await bodies.read(new Request("http://x/", { method: "POST", headers, body }));
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

function inflated(bytes: Uint8Array, encoding: string): Uint8Array | undefined {
  try {
    return encoding === "gzip" ? gunzipSync(bytes) : inflateSync(bytes);
  } catch {
    return undefined;
  }
}

function compressed(random: FuzzRandom, bytes: Uint8Array): Uint8Array {
  const level = random.pick([0, 1, 9]);
  const kind = random.int(4);
  if (kind === 0) return deflateSync(bytes, { level });
  if (kind === 1) return deflateRawSync(bytes, { level });
  if (kind === 2) return gzipSync(bytes, { level });
  // Several members are one body (RFC 1952).
  const middle = random.int(bytes.byteLength + 1);
  return Buffer.concat([gzipSync(bytes.subarray(0, middle)), gzipSync(bytes.subarray(middle))]);
}

fuzz("a compressed body is read as zlib reads it, or refused", { cases: 1500 }, async (random) => {
  const size = random.pick([0, 10, 100, 1000, bytesMax, bytesMax + 1, 20_000]);
  const unit = Uint8Array.of(97, ...random.bytes(300));
  const plain = Buffer.alloc(random.chance(0.5) ? size : random.int(size + 1), unit);
  const whole = Uint8Array.from(compressed(random, plain));
  const bytes = random.chance(0.5) ? whole : damaged(random, whole);
  const encoding = random.pick(["gzip", "deflate"]);
  const result = await read(bytes, encoding, 1 + random.int(5));

  const expected = inflated(bytes, encoding);
  if (typeof result === "string") {
    const allowed: FailureCode[] =
      expected === undefined ? ["invalid", "too_large"] : ["too_large"];
    if (result === "invalid" && expected !== undefined) {
      // Empty input, which zlib's synchronous form refuses in another way.
      expect(bytes.byteLength).toBe(0);
    } else expect(allowed).toContain(result);
    if (result === "too_large" && expected !== undefined) {
      expect(expected.byteLength).toBeGreaterThan(bytesMax);
    }
  } else {
    expect(result.byteLength).toBeLessThanOrEqual(bytesMax);
    if (expected !== undefined) expect(Buffer.from(result)).toEqual(Buffer.from(expected));
    else expect(result.byteLength).toBe(0);
  }
  expect(receiving.bytes).toBe(0);
});

const names = [
  "gzip",
  "GZIP",
  "deflate",
  "identity",
  "br",
  "zstd",
  "x-gzip",
  ",",
  " ",
  ";",
  "q=1",
  "*",
];

fuzz("an encoding is one of three, in any case, or refused", { cases: 2000 }, async (random) => {
  const encoding = random.text(names, 3).trim();
  const plain = Uint8Array.from(random.bytes(20));
  const known = /^(?:gzip|deflate|identity)$/i.test(encoding);
  const result = await read(plain, encoding, 1);
  if (!known) expect(result).toBe("unsupported_media_type");
  else if (/^identity$/i.test(encoding)) expect(result).toEqual(plain);
  else expect(result === "invalid" || result instanceof Uint8Array).toBe(true);
});

test("a bomb is refused once it has more than the bound", async () => {
  const bomb = Uint8Array.from(gzipSync(Buffer.alloc(64 * 1024 * 1024)));
  expect(await read(bomb, "gzip", 3)).toBe("too_large");
  expect(receiving.bytes).toBe(0);
});
