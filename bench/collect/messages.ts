/** The messages that the load sends, encoded once, and the answers, read where they lie. */
import { WireCursor } from "../../src/core/wire.ts";

const sizes = { min: 126, max: 254 } as const;
const sizesCount = sizes.max - sizes.min + 1;
/** Prime to the number of sizes: large and small ones take turns, and each comes as often. */
const stride = 50;

/** Requests of `batch` records each, every size from 126 to 254 bytes as often as any other. */
export function requests(batch: number): readonly Buffer[] {
  return Array.from({ length: sizesCount }, (_, i) =>
    Buffer.concat(
      Array.from({ length: batch }, (_, k) =>
        record(sizes.min + (((i * batch + k) * stride) % sizesCount)),
      ),
    ),
  );
}

/** The same with the topic's name, which a stream's first message has. */
export function withTopic(request: Buffer, topic: string): Buffer {
  return Buffer.concat([request, field(0x12, Buffer.from(topic))]);
}

export interface Accepted {
  readonly accepted: number;
  readonly refused: number;
}

/** Of a `CollectResponse` or `PublishResponse`. */
export function acceptedFrom(bytes: Uint8Array, from: number, to: number): Accepted {
  let accepted = 0;
  let refused = 0;
  const cursor = new WireCursor(bytes, from, to);
  while (cursor.at < to) {
    const tag = cursor.varint();
    if (tag === 0x08) accepted = cursor.varint();
    else if (tag === 0x10) refused = cursor.varint();
    else cursor.skip(tag);
  }
  return { accepted, refused };
}

/** As the `records` of a request, `bytes` long in all: tags, lengths and a value that no log can shrink. */
function record(bytes: number): Buffer {
  // Two bytes of tag and length for the record; past 127 bytes a length takes two.
  const inner = bytes - (bytes - 2 > 127 ? 3 : 2);
  const value = Buffer.alloc(inner - (inner - 2 > 127 ? 3 : 2));
  crypto.getRandomValues(value);
  return field(0x0a, field(0x0a, value));
}

function field(tag: number, bytes: Uint8Array): Buffer {
  const { byteLength } = bytes;
  if (byteLength >= 128 * 128) throw new RangeError(`Cannot encode ${byteLength} bytes: too many`);
  const length =
    byteLength < 128
      ? Buffer.of(byteLength)
      : Buffer.of((byteLength & 0x7f) | 0x80, byteLength >> 7);
  return Buffer.concat([Buffer.of(tag), length, bytes]);
}
