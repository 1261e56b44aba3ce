/**
 * As much of HPACK (RFC 7541) as a load generator needs: fields are written as they are, and of
 * those that are read only gRPC's own have names, which are the ones that HTTP/2's table lacks.
 */

/** The codes of printable text, all of at most 15 bits: by length, each length's in their order. */
const codesByLength: readonly (readonly [bits: number, symbols: string])[] = [
  [5, "012aceiost"],
  [6, " %-./3456789=A_bdfghlmnpru"],
  [7, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"],
  [8, "&*,;XZ"],
  [10, '!"()?'],
  [11, "'+|"],
  [12, "#>"],
  [13, "\0$@[]~"],
  [14, "^}"],
  [15, "<`{"],
];

/** `length:code` to its symbol. The code is canonical: each length goes on where the last ended. */
const symbols = canonical();

/** Each field as it is, neither compressed nor remembered. */
export function encodeFields(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

interface Field {
  readonly name: string;
  readonly value: string;
}

const unnamed: Field = { name: "", value: "" };
/** Of the table that comes with HTTP/2; larger ones are the connection's own. */
const staticMax = 61;
/** An entry takes at least 32 of the table's 4,096 bytes, so older ones are never referred to. */
const entriesMax = 128;

/** Reads the header blocks of one connection, which have to come in their order. */
export class FieldDecoder {
  /** The newest is first. */
  readonly #entries: Field[] = [];

  /** The fields that gRPC adds to HTTP's own. */
  decode(bytes: Uint8Array): ReadonlyMap<string, string> {
    const reader = new Reader(bytes);
    const fields = new Map<string, string>();
    while (!reader.isAtEnd) {
      const { name, value } = this.#next(reader);
      if (name !== "") fields.set(name, value);
    }
    return fields;
  }

  #next(reader: Reader): Field {
    const first = reader.peek();
    if (first >= 0x80) return this.#at(reader.integer(7));
    if (first >= 0x20 && first < 0x40) {
      // The table's new size: what it drops is not referred to any more.
      reader.integer(5);
      return unnamed;
    }
    const index = reader.integer(first >= 0x40 ? 6 : 4);
    const name = index === 0 ? reader.text() : this.#at(index).name;
    const field = { name, value: reader.text() };
    if (first >= 0x40) {
      this.#entries.unshift(field);
      if (this.#entries.length > entriesMax) this.#entries.pop();
    }
    return field;
  }

  #at(index: number): Field {
    return this.#entries[index - staticMax - 1] ?? unnamed;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  /** Of section 5.1, in the low `bits` of the next byte and, where they are full, those after it. */
  integer(bits: number): number {
    const full = 2 ** bits - 1;
    let value = this.#byte() & full;
    if (value < full) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const isHuffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return isHuffman ? inflateText(bytes) : Buffer.from(bytes).toString("latin1");
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }
}

function inflateText(bytes: Uint8Array): string {
  let out = "";
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      length++;
      const symbol = symbols.get(`${length}:${code}`);
      if (symbol === undefined) continue;
      out += symbol;
      code = length = 0;
    }
  }
  return out;
}

function canonical(): ReadonlyMap<string, string> {
  const bySymbol = new Map<string, string>();
  let code = 0;
  let length = 0;
  for (const [bits, ofThatLength] of codesByLength) {
    code <<= bits - length;
    length = bits;
    for (const symbol of ofThatLength) bySymbol.set(`${bits}:${code++}`, symbol);
  }
  return bySymbol;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.byteLength > 126) throw new RangeError(`Cannot encode "${value}": it is too long`);
  return Buffer.concat([Buffer.of(bytes.byteLength), bytes]);
}
