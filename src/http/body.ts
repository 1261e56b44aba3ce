/** Request bodies: read within a bound, counted while they are not complete, and given up when slow. */

import { Readable } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { inflatedRatioMax, isBomb } from "../core/budget/inflation.ts";
import { joinInTurns } from "../core/budget/join.ts";
import type { Share } from "../core/budget/memory.ts";
import { Pace } from "../core/budget/pace.ts";
import type { Turns } from "../core/budget/turn.ts";
import { Failure, invalidField, quoted } from "../core/failure.ts";

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
    // The runtime enforces a declared length. A look at `body` would make it a stream.
    if (encoding === "identity" && declared > 0 && declared <= wholeBytesMax) {
      return await this.#readWhole(request, declared);
    }
    if (request.body === null) return new Uint8Array(0);
    return await this.#collected(this.#pieces(request, encoding), bytesMax);
  }

  async #readWhole(request: Request, declared: number): Promise<Uint8Array> {
    using held = this.#deps.receiving.hold();
    held.take(declared);
    try {
      return new Uint8Array(await request.arrayBuffer());
    } catch (error) {
      throw leftFailure(request, error);
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
      if (isBomb(sent, inflated)) {
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
    const iterator = pieces[Symbol.asyncIterator]();
    // Not awaited: it ends once what it waits for has come.
    const end = () => void iterator.return?.().catch(() => {});
    const source = { next: () => iterator.next(), end };
    return await this.#collected(paced(source, this.#deps.rateMin), this.#deps.bytesMax);
  }

  async #collected(pieces: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
    using held = this.#deps.receiving.hold();
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const piece of pieces) {
      if (length + piece.byteLength > bytesMax) throw tooLarge(bytesMax);
      held.take(piece.byteLength);
      length += piece.byteLength;
      parts.push(piece);
    }
    return await joinInTurns(parts, length, this.#deps.turns.open());
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
  const end = () => void reader.cancel().catch(() => {});
  for await (const piece of paced({ next: () => reader.read(), end }, rateMin)) {
    count(piece.byteLength);
    yield piece;
  }
}

interface Source {
  next(): Promise<{ readonly done?: boolean; readonly value?: Uint8Array | undefined }>;
  /** Called where not all of it is taken. */
  end(): void;
}

/** The pieces of a source, which must not come too slowly; `rateMin` 0: as slowly as they like. */
async function* paced(
  source: Source,
  rateMin: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pace = rateMin === 0 ? undefined : new Pace(rateMin);
  let isOver = false;
  try {
    for (;;) {
      const next = source.next();
      const { done, value } = await (pace === undefined ? next : inTime(pace, next));
      isOver = done === true;
      if (value === undefined) return;
      pace?.earn(value.byteLength);
      yield value;
    }
  } finally {
    if (!isOver) source.end();
  }
}

/**
 * Only the time in which this node waits for the client counts. Throws `deadline_exceeded` when the body
 * is behind its lowest rate.
 */
async function inTime<Piece>(pace: Pace, piece: Promise<Piece>): Promise<Piece> {
  const startedMs = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(pace.tooSlow("the body")), Math.max(0, pace.creditMs));
  });
  try {
    return await Promise.race([piece, late]);
  } finally {
    clearTimeout(timer);
    pace.spend(performance.now() - startedMs);
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
  const message = `Cannot read the body: it is larger than ${bytesMax} bytes`;
  return invalidField("body", message, "too_large");
}
