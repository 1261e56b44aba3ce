/** One SSE response: read as fast as its messages are taken, given up when it falls silent. */
import { errorFromResponse, errorFromThrown, SluiceError } from "./error.ts";
import type { Settings } from "./options.ts";
import { SseParser, type SseMessage } from "./sse-parser.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

export class SseStream {
  readonly #settings: Settings;
  readonly #abort: AbortController;
  readonly #reader: Reader;
  readonly #parser = new SseParser();
  #first: readonly SseMessage[] | undefined;

  private constructor(settings: Settings, abort: AbortController, reader: Reader) {
    this.#settings = settings;
    this.#abort = abort;
    this.#reader = reader;
  }

  /** Throws a `SluiceError`; `abort` ends the attempt and, later, the stream. */
  static async open(settings: Settings, path: string, abort: AbortController): Promise<SseStream> {
    return await withinSilence(settings, abort, async () => {
      const response = await settings.fetch(`${settings.url}${path}`, {
        headers: { accept: "text/event-stream", ...settings.headers },
        cache: "no-store",
        signal: abort.signal,
      });
      if (!response.ok) throw await errorFromResponse(response);
      const type = response.headers.get("content-type") ?? "nothing";
      if (response.body === null || !/^text\/event-stream\b/i.test(type)) {
        await response.body?.cancel();
        throw new SluiceError("invalid", `Cannot read ${path}: it is ${type}, wanted text/event-stream`);
      }
      return new SseStream(settings, abort, response.body.getReader());
    });
  }

  /** The last event id of the messages read so far; empty: none. */
  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  get retryMs(): number | undefined {
    return this.#parser.retryMs;
  }

  /** Reads until the stream has told where it stands. What comes with that is given by `next`. */
  async begin(): Promise<void> {
    const first: SseMessage[] = [];
    while (this.lastEventId === "") {
      const messages = await this.#read();
      if (messages === undefined) break;
      first.push(...messages);
    }
    this.#first = first;
  }

  /** What the next bytes complete, perhaps nothing; undefined when the body is over. */
  async next(): Promise<readonly SseMessage[] | undefined> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? (await this.#read());
  }

  close(): void {
    this.#abort.abort();
    // An aborted body rejects, which is what was wanted.
    this.#reader.cancel().catch(() => {});
  }

  async #read(): Promise<SseMessage[] | undefined> {
    const { done, value } = await withinSilence(this.#settings, this.#abort, () => this.#reader.read());
    return done ? undefined : this.#parser.push(value);
  }
}

/** Aborts when `action` takes longer than the gateway's heartbeats allow. */
async function withinSilence<T>(
  settings: Settings,
  abort: AbortController,
  action: () => Promise<T>,
): Promise<T> {
  const { clock, silenceMs } = settings;
  let silent: SluiceError | undefined;
  const cancel = clock.after(silenceMs, () => {
    silent = new SluiceError("unavailable", `The gateway said nothing for ${silenceMs} ms`);
    abort.abort(silent);
  });
  try {
    return await action();
  } catch (error) {
    throw silent ?? errorFromThrown(error, `Cannot read from ${settings.url}`);
  } finally {
    cancel();
  }
}
