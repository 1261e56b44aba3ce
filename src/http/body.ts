/** Request bodies: read within a bound, counted while they are not complete, and given up when slow. */

import { Readable } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import type { Share } from "../core/budget/memory.ts";
import type { Turns } from "../core/budget/turn.ts";
import { Failure, quoted } from "../core/failure.ts";

export interface BodiesDeps {
  /** Bytes of one body, after inflating. */
  readonly bytesMax: number;
  readonly turns: Turns;
  readonly receiving: Share;
  /** Bytes a second below which a body is given up, after the first seconds. */
  readonly rateMin: number;
}

/** A smaller body of a known length is read in one piece: its connection's idle timeout bounds it. */
const wholeBytesMax = 64 * 1024;

/** A body is slow only after this long: a phone may lose its network for some seconds. */
const graceMs = 10_000;

/** What was sent fast allows for a pause of this long, not of hours. */
const pauseMsMax = 20_000;

/** A body that is read as it comes may inflate to more than this only in proportion to its size. */
const inflatedFreeBytes = 1024 * 1024;

/** JSON of real data inflates to 5 to 30 times its size; a bomb to a thousand times. */
const inflatedRatioMax = 250;

export class Bodies {
  readonly #deps: BodiesDeps;

  constructor(deps: BodiesDeps) {
    this.#deps = deps;
  }

  get rateMin(): number {
    return this.#deps.rateMin;
  }

  get receiving(): Share {
    return this.#deps.receiving;
  }

  get bytesMax(): number {
    return this.#deps.bytesMax;
  }

  /**
   * The whole body, decompressed. Throws `too_large` past `bytesMax`, before or after inflating,
   * `overloaded` where this node receives too much at once, `deadline_exceeded` where it comes too
   * slowly, and `cancelled` when the client leaves in the middle of it.
   */
  async read(request: Request, bytesMax = this.#deps.bytesMax): Promise<Uint8Array> {
    const declared = Number(request.headers.get("content-length") ?? 0);
    if (declared > bytesMax) throw tooLarge(bytesMax);
    const encoding = encodingOf(request);
    if (request.body === null) return new Uint8Array(0);
    // The runtime enforces a declared length.
    if (encoding === "identity" && declared > 0 && declared <= wholeBytesMax) {
      return await this.#readWhole(request, declared);
    }
    return await this.#collected(this.#pieces(request, encoding), bytesMax);
  }

  async #readWhole(request: Request, declared: number): Promise<Uint8Array> {
    const { receiving } = this.#deps;
    receiving.take(declared);
    try {
      return new Uint8Array(await request.arrayBuffer());
    } catch (error) {
      throw leftFailure(request, error);
    } finally {
      receiving.release(declared);
    }
  }

  /**
   * The body as it comes, without a bound, and as slowly as its client likes: for callers that keep
   * little of it. Throws as `read`, and `too_large` for one that inflates to far more than it should.
   */
  async *stream(request: Request): AsyncGenerator<Uint8Array, void, undefined> {
    const encoding = encodingOf(request);
    if (request.body === null) return;
    let sent = 0;
    let inflated = 0;
    const counted = { rateMin: 0, count: (bytes: number) => void (sent += bytes) };
    for await (const piece of this.#pieces(request, encoding, counted)) {
      inflated += piece.byteLength;
      if (inflated > inflatedFreeBytes && inflated > sent * inflatedRatioMax) {
        throw new Failure(
          "too_large",
          `Cannot inflate the body: it is more than ${inflatedRatioMax} times as large as what was sent`,
        );
      }
      yield piece;
    }
  }

  /** All pieces of a `stream` in one. Throws as `read`. */
  async collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    return await this.#collected(paced(pieces, this.#deps.rateMin), this.#deps.bytesMax);
  }

  async #collected(pieces: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
    const { receiving } = this.#deps;
    const parts: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const piece of pieces) {
        if (length + piece.byteLength > bytesMax) throw tooLarge(bytesMax);
        receiving.take(piece.byteLength);
        length += piece.byteLength;
        parts.push(piece);
      }
      return joined(parts, length);
    } finally {
      receiving.release(length);
    }
  }

  /** What comes, inflated; every socket and timer is served between two slices of it. */
  async *#pieces(
    request: Request,
    encoding: Encoding,
    { rateMin, count }: Sent = { rateMin: this.#deps.rateMin, count: () => {} },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const turn = this.#deps.turns.open(request.signal);
    const sent = sentPieces(request, rateMin, count);
    try {
      for await (const piece of encoding === "identity" ? sent : inflate(sent, encoding)) {
        if (turn.isOver) await turn.next();
        yield piece;
      }
    } catch (error) {
      throw inflateFailure(encoding, leftFailure(request, error));
    }
  }
}

/** How the bytes that a client sends are looked at. */
interface Sent {
  /** Bytes a second; 0: any. */
  readonly rateMin: number;
  readonly count: (bytes: number) => void;
}

async function* sentPieces(
  { body }: Request,
  rateMin: number,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  const pace = rateMin === 0 ? undefined : new Pace(rateMin);
  let isOver = false;
  try {
    for (;;) {
      const read = reader.read();
      const { done, value } = await (pace === undefined ? read : pace.within(read));
      isOver = done;
      if (done) return;
      count(value.byteLength);
      pace?.count(value.byteLength);
      yield value;
    }
  } finally {
    if (!isOver) reader.cancel().catch(() => {});
  }
}

/** The same pieces, which must not come too slowly. */
async function* paced(
  pieces: AsyncIterable<Uint8Array>,
  rateMin: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  const pace = new Pace(rateMin);
  let isOver = false;
  try {
    for (;;) {
      const next: IteratorResult<Uint8Array, unknown> = await pace.within(iterator.next());
      isOver = next.done === true;
      if (next.done === true) return;
      pace.count(next.value.byteLength);
      yield next.value;
    }
  } finally {
    // Not awaited: it ends once what it waits for has come.
    if (!isOver) iterator.return?.().catch(() => {});
  }
}

/** How fast a client sends: only the time in which this node waits for it counts. */
class Pace {
  readonly #rateMin: number;
  /** How long the client may still be waited for. */
  #creditMs = graceMs;

  constructor(rateMin: number) {
    this.#rateMin = rateMin;
  }

  count(bytes: number): void {
    this.#creditMs = Math.min(pauseMsMax, this.#creditMs + (bytes * 1000) / this.#rateMin);
  }

  /** Throws `deadline_exceeded` when the body is behind its lowest rate. */
  async within<Piece>(piece: Promise<Piece>): Promise<Piece> {
    const startedMs = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#tooSlow()), Math.max(0, this.#creditMs));
    });
    try {
      return await Promise.race([piece, late]);
    } finally {
      clearTimeout(timer);
      this.#creditMs -= performance.now() - startedMs;
    }
  }

  #tooSlow(): Failure {
    return new Failure(
      "deadline_exceeded",
      `Cannot read the body: it comes too slowly, expected ${this.#rateMin} bytes a second (SLUICE_BODY_RATE_MIN)`,
    );
  }
}

type Encoding = "identity" | "gzip" | "deflate";

/**
 * Inflates off the event loop. A `DecompressionStream` gives all that a piece inflates to in one go,
 * which is a thousand times the piece.
 */
async function* inflate(
  sent: AsyncIterable<Uint8Array>,
  encoding: Exclude<Encoding, "identity">,
): AsyncGenerator<Uint8Array, void, undefined> {
  const options = { chunkSize: 64 * 1024 };
  const inflater = encoding === "gzip" ? createGunzip(options) : createInflate(options);
  const source = Readable.from(sent);
  source.on("error", (error) => inflater.destroy(error));
  source.pipe(inflater);
  try {
    yield* inflater;
  } finally {
    source.destroy();
    inflater.destroy();
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function leftFailure(request: Request, error: unknown): unknown {
  if (error instanceof Failure) return error;
  const left = request.signal.aborted || (error instanceof Error && error.name === "AbortError");
  if (!left) return error;
  return new Failure("cancelled", "Cannot read the body: the client left", { cause: error });
}

function inflateFailure(encoding: Encoding, error: unknown): unknown {
  if (error instanceof Failure || encoding === "identity") return error;
  return new Failure("invalid", `Cannot decompress the body: it is not ${encoding}`, {
    cause: error,
  });
}

function encodingOf(request: Request): Encoding {
  const encoding = request.headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "gzip" || encoding === "deflate") return encoding;
  throw new Failure(
    "unsupported_media_type",
    `Cannot read content encoding ${quoted(encoding)}: expected gzip, deflate or none`,
  );
}

function tooLarge(bytesMax: number): Failure {
  return new Failure("too_large", `Cannot read the body: it is larger than ${bytesMax} bytes`);
}
