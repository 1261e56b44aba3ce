/** One SSE response: read as fast as its messages are consumed, abandoned when it falls silent. */

import { createDeferred } from "./deferred.ts";
import { errorFromResponse, errorFromThrown, SluiceError } from "./error.ts";
import type { Settings } from "./options.ts";
import { type SseMessage, SseParser } from "./sse-parser.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

export class SseStream {
  /** That of its request. */
  readonly token: string | undefined;
  readonly #settings: Settings;
  readonly #abort: AbortController;
  readonly #reader: Reader;
  readonly #parser = new SseParser();
  #first: readonly SseMessage[] | undefined;

  private constructor(
    settings: Settings,
    abort: AbortController,
    reader: Reader,
    token: string | undefined,
  ) {
    this.token = token;
    this.#settings = settings;
    this.#abort = abort;
    this.#reader = reader;
    // It may reject because the body is aborted, which is the purpose.
    abort.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
  }

  /** Throws a `SluiceError`; `abort` ends the attempt and, later, the stream. */
  static async open(settings: Settings, path: string, abort: AbortController): Promise<SseStream> {
    return await withinSilence(settings, abort, async () => {
      const { response, token } = await settings.credential.send((credential) =>
        settings.fetch(`${settings.url}${path}`, {
          headers: { accept: "text/event-stream", ...settings.headers, ...credential },
          cache: "no-store",
          signal: abort.signal,
        }),
      );
      if (!response.ok) throw await errorFromResponse(response);
      const type = response.headers.get("content-type") ?? "nothing";
      if (response.body === null || !/^text\/event-stream\b/i.test(type)) {
        await response.body?.cancel();
        throw new SluiceError(
          "invalid",
          `Cannot read ${path}: it is ${type}, expected text/event-stream`,
        );
      }
      return new SseStream(settings, abort, response.body.getReader(), token);
    });
  }

  /** The last event id of the messages read so far; empty before the first. */
  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  get retryMs(): number | undefined {
    return this.#parser.retryMs;
  }

  /** Reads until the position of the stream is known. Returns how many messages it kept for `next`. */
  async begin(): Promise<number> {
    const first: SseMessage[] = [];
    while (this.lastEventId === "") {
      const messages = await this.#read();
      if (messages === undefined) break;
      first.push(...messages);
    }
    this.#first = first;
    return first.length;
  }

  /** The messages that the next bytes complete, possibly none; undefined at the end of the body. */
  async next(): Promise<readonly SseMessage[] | undefined> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? (await this.#read());
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<SseMessage[] | undefined> {
    const { done, value } = await withinSilence(this.#settings, this.#abort, () =>
      this.#reader.read(),
    );
    if (done) return undefined;
    try {
      return this.#parser.push(value);
    } catch (error) {
      throw new SluiceError("too_large", "An event of the stream is too large", { cause: error });
    }
  }
}

/** Aborts when `action` takes longer than heartbeats allow; rejects once aborted. */
async function withinSilence<T>(
  settings: Settings,
  abort: AbortController,
  action: () => Promise<T>,
): Promise<T> {
  const { clock, silenceMs } = settings;
  const aborted = createDeferred<never>();
  // The user's own `fetch` may ignore its signal.
  const reject = () => aborted.reject(abort.signal.reason);
  if (abort.signal.aborted) reject();
  abort.signal.addEventListener("abort", reject);
  const cancel = clock.after(silenceMs, () => {
    abort.abort(new SluiceError("unavailable", `The gateway sent nothing for ${silenceMs} ms`));
  });
  try {
    return await Promise.race([action(), aborted.promise]);
  } catch (error) {
    const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
    throw errorFromThrown(cause, `Cannot read from ${settings.url}`);
  } finally {
    cancel();
    abort.signal.removeEventListener("abort", reject);
  }
}
