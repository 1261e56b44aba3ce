import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { deflateSync, gzipSync } from "node:zlib";
import { inflate } from "./inflate.ts";

const bytesMax = 1000;

test("gzip, up to the bound exactly; nothing stays nothing", () => {
  const text = "x".repeat(bytesMax);
  expect(inflate(1, true, gzipSync(text), bytesMax).toString()).toBe(text);
  expect(inflate(1, true, Buffer.alloc(0), bytesMax).byteLength).toBe(0);
});

test("one byte more, or a hundred thousand times as many, is too large", () => {
  for (const length of [bytesMax + 1, bytesMax * 100_000]) {
    const bomb = gzipSync(Buffer.alloc(length));
    const failure = expect(() => inflate(1, true, bomb, bytesMax));
    failure.toThrow("Cannot take a message of more than 1000 bytes after inflating");
  }
}, 20_000);

test("a megabyte may come out of anything, and more of what is not hundreds of times smaller", () => {
  const mega = 1024 * 1024;
  expect(inflate(1, true, gzipSync(Buffer.alloc(mega)), 8 * mega).byteLength).toBe(mega);
  const bomb = gzipSync(Buffer.alloc(2 * mega));
  expect(() => inflate(1, true, bomb, 8 * mega)).toThrow(
    "Cannot take a message of more than 250 times its size after inflating",
  );
  const random = crypto.getRandomValues(new Uint8Array(10 * 1024));
  const sparse = Buffer.concat([random, Buffer.alloc(2 * mega)]);
  expect(inflate(1, true, gzipSync(sparse), 8 * mega).byteLength).toBe(sparse.byteLength);
});

test("what is not gzip, cut short, or not announced is invalid", () => {
  const whole = gzipSync("some text");
  for (const bytes of [Buffer.from("text"), deflateSync("some text"), whole.subarray(0, 15)]) {
    expect(() => inflate(1, true, bytes, bytesMax)).toThrow("it is not gzip");
  }
  expect(() => inflate(1, false, whole, bytesMax)).toThrow("the call names no compression");
  expect(() => inflate(3, true, whole, bytesMax)).toThrow("its flags are 3");
});

test("more than its end says is refused, however little that is", () => {
  const bomb = gzipSync(Buffer.alloc(500_000_000), { level: 1 });
  for (const said of [0, 1, 500]) {
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(said, lying.byteLength - 4);
    const startedMs = performance.now();
    expect(() => inflate(1, true, lying, bytesMax)).toThrow("more comes out than its end says");
    expect(performance.now() - startedMs).toBeLessThan(200);
  }
  const two = Buffer.concat([gzipSync("some"), gzipSync("text")]);
  expect(() => inflate(1, true, two, bytesMax)).toThrow("several gzips");
}, 20_000);
