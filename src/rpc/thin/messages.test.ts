import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { seededRandom } from "../../../test/support/random.ts";
import { MemoryAccount } from "../../core/budget/memory.ts";
import { enveloped, Messages } from "./messages.ts";

const bytesMax = 1000;
const receiving = new MemoryAccount(2 ** 20).share("receiving", 1);

function reader() {
  const read: (readonly [flags: number, text: string])[] = [];
  const messages = new Messages(bytesMax, receiving, (flags, bytes, from, to) => {
    read.push([flags, bytes.subarray(from, to).toString("latin1")]);
  });
  return { messages, read };
}

test("whole messages are handed over where they lie", () => {
  const chunk = Buffer.concat([
    enveloped(0, Buffer.from("one")),
    enveloped(1, Buffer.alloc(0)),
    enveloped(0, Buffer.from("three")),
  ]);
  const places: [boolean, number, number][] = [];
  const messages = new Messages(bytesMax, receiving, (_flags, bytes, from, to) => {
    places.push([bytes === chunk, from, to]);
  });
  messages.push(chunk);
  expect(places).toEqual([
    [true, 5, 8],
    [true, 13, 13],
    [true, 18, 23],
  ]);
  expect(messages.isWhole).toBe(true);
});

test("cut anywhere, they are put together again, and a chunk may be used again afterwards", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const sent = Array.from({ length: 20 }, (): [number, string] => {
      return [random.int(2), String.fromCharCode(97 + random.int(26)).repeat(random.int(60))];
    });
    const body = Buffer.concat(
      sent.map(([flags, text]) => enveloped(flags, Buffer.from(text, "latin1"))),
    );
    const { messages, read } = reader();
    for (let at = 0; at < body.byteLength;) {
      const to = Math.min(body.byteLength, at + 1 + random.int(30));
      const chunk = Buffer.from(body.subarray(at, to));
      messages.push(chunk);
      chunk.fill(0xff);
      at = to;
    }
    expect({ seed, read }).toEqual({ seed, read: sent });
    expect(messages.isWhole).toBe(true);
  }
});

test("a body may not end inside a message", () => {
  const { messages } = reader();
  for (const byte of enveloped(0, Buffer.from("x"))) {
    messages.push(Uint8Array.of(byte));
    expect(messages.isWhole).toBe(byte === 0x78);
  }
});

test("a length past the bound is refused as soon as it is known, before any of its bytes", () => {
  for (const head of [
    [0, 0, 0, 3, 0xe9],
    [0, 0xff, 0xff, 0xff, 0xff],
  ]) {
    expect(() => reader().messages.push(Uint8Array.from(head))).toThrow("at most 1000");
    const { messages } = reader();
    messages.push(Uint8Array.from(head.slice(0, 4)));
    // The next byte completes the length: refused then, or with the first byte after it.
    expect(() => messages.push(Uint8Array.of(head[4] ?? 0, 1))).toThrow("Cannot take a message of");
  }
  const { messages, read } = reader();
  messages.push(enveloped(0, Buffer.alloc(bytesMax)));
  expect(read.length).toBe(1);
});
