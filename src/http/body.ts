/** Request bodies, read within a bound. */

import { Failure, quoted } from "../core/failure.ts";

/**
 * The whole body, decompressed. Throws `too_large` past `bytesMax`, before or after inflating, and
 * `cancelled` when the client leaves in the middle of it.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  try {
    return await readWithin(request, bytesMax);
  } catch (error) {
    throw leftFailure(request, error);
  }
}

/** The same as it comes, without a bound, for callers that keep little of it. Throws as `readBody`. */
export async function* streamBody(request: Request): AsyncGenerator<Uint8Array, void, undefined> {
  const encoding = encodingOf(request);
  if (request.body === null) return;
  try {
    if (encoding === "identity") yield* request.body;
    else yield* request.body.pipeThrough(new DecompressionStream(encoding));
  } catch (error) {
    throw inflateFailure(encoding, leftFailure(request, error));
  }
}

function leftFailure(request: Request, error: unknown): unknown {
  const left = request.signal.aborted || (error instanceof Error && error.name === "AbortError");
  if (!left) return error;
  return new Failure("cancelled", "Cannot read the body: the client left", { cause: error });
}

function inflateFailure(encoding: string, error: unknown): unknown {
  if (error instanceof Failure || encoding === "identity") return error;
  return new Failure("invalid", `Cannot decompress the body: it is not ${encoding}`, {
    cause: error,
  });
}

function encodingOf(request: Request): "identity" | "gzip" | "deflate" {
  const encoding = request.headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "gzip" || encoding === "deflate") return encoding;
  throw new Failure(
    "unsupported_media_type",
    `Cannot read content encoding ${quoted(encoding)}: expected gzip, deflate or none`,
  );
}

async function readWithin(request: Request, bytesMax: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax);
  const encoding = encodingOf(request);
  if (encoding === "identity") {
    // The runtime enforces a declared length, so the body is read in one piece.
    if (declared > 0 || request.body === null) return new Uint8Array(await request.arrayBuffer());
    return await collectBody(request.body, bytesMax);
  }
  if (request.body === null) return new Uint8Array(0);
  try {
    return await collectBody(request.body.pipeThrough(new DecompressionStream(encoding)), bytesMax);
  } catch (error) {
    throw inflateFailure(encoding, error);
  }
}

/** The whole body in one piece. Throws `too_large` past `bytesMax`. */
export async function collectBody(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.byteLength;
    if (length > bytesMax) throw tooLarge(bytesMax);
    parts.push(part);
  }
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

function tooLarge(bytesMax: number): Failure {
  return new Failure("too_large", `Cannot read the body: it is larger than ${bytesMax} bytes`);
}
