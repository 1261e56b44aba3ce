/** A subscription over SSE: one response after another, each resumes where the last one stopped. */

import { Backoff } from "./backoff.ts";
import { errorFromProblem, SluiceError } from "./error.ts";
import { eventFromSse, type SluiceEvent } from "./event.ts";
import type { Settings } from "./options.ts";
import type { SseMessage } from "./sse-parser.ts";
import { SseStream } from "./sse-stream.ts";
import { reportReset, type SubscribeOptions, type Subscription } from "./subscription.ts";
import { checkTarget, type From, ssePath, type Target } from "./target.ts";

export class SseSubscription<Data> implements Subscription<Data> {
  readonly #settings: Settings;
  readonly #target: Target;
  readonly #onReset: SubscribeOptions["onReset"];
  readonly #signal: AbortSignal | undefined;
  readonly #stop = new AbortController();
  readonly #backoff: Backoff;
  readonly #events: AsyncGenerator<SluiceEvent<Data>, void, undefined>;
  #from: From;
  #position: string | undefined;
  #ended = false;
  #connected: Promise<SseStream | undefined> | undefined;

  constructor(settings: Settings, target: Target, options: SubscribeOptions = {}) {
    checkTarget(target);
    this.#settings = settings;
    this.#target = target;
    this.#onReset = options.onReset;
    this.#signal = options.signal;
    this.#from = options.from ?? "live";
    if (typeof this.#from === "object" && "after" in this.#from) this.#position = this.#from.after;
    this.#backoff = new Backoff(settings);
    this.#events = this.#run();
    if (options.signal?.aborted === true) this.#stop.abort();
    options.signal?.addEventListener("abort", this.#aborted);
  }

  get position(): string | undefined {
    return this.#position;
  }

  get ended(): boolean {
    return this.#ended;
  }

  async ready(): Promise<void> {
    await (this.#connected ??= this.#connect());
  }

  next(): Promise<IteratorResult<SluiceEvent<Data>, void>> {
    return this.#events.next();
  }

  async return(): Promise<IteratorResult<SluiceEvent<Data>, void>> {
    this.#release();
    return await this.#events.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  readonly #aborted = () => this.#stop.abort();

  #release(): void {
    this.#stop.abort();
    this.#signal?.removeEventListener("abort", this.#aborted);
  }

  async *#run(): AsyncGenerator<SluiceEvent<Data>, void, undefined> {
    try {
      for (;;) {
        const stream = await (this.#connected ??= this.#connect());
        if (stream === undefined) return;
        this.#connected = undefined;
        const before = this.#position;
        const cut = yield* this.#read(stream);
        if (cut === undefined) return;
        if (cut.code === "unauthenticated") await this.#settings.credential.renew(stream.token);
        // A token that ends at once would be renewed again and again.
        const isRenewal = cut.code === "unauthenticated" && this.#position !== before;
        if (!isRenewal) await this.#backoff.pause(cut, this.#stop.signal);
      }
    } finally {
      this.#release();
    }
  }

  /** Yields the stream's events; returns why it broke off, or undefined at the end of the subscription. */
  async *#read(
    stream: SseStream,
  ): AsyncGenerator<SluiceEvent<Data>, SluiceError | undefined, undefined> {
    try {
      for (;;) {
        const messages = await stream.next();
        if (messages === undefined) return new SluiceError("unavailable", "The stream was cut off");
        this.#backoff.succeeded();
        if (stream.retryMs !== undefined) this.#backoff.suggest(stream.retryMs);
        for (const message of messages) {
          const event = this.#take(message);
          if (this.#ended) return undefined;
          if (event !== undefined) yield event;
        }
        // A heartbeat is a bare id: it moves the position past records that are not of this stream.
        this.#moveTo(stream.lastEventId);
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      // What `onReset` throws is the caller's error.
      if (!(error instanceof SluiceError)) throw error;
      const { isRenewable } = this.#settings.credential;
      const isExpiry = error.code === "unauthenticated" && isRenewable;
      if (error.code === "ended") this.#ended = true;
      else if (!error.retryable && !isExpiry) throw error;
      return this.#ended ? undefined : error;
    } finally {
      stream.close();
    }
  }

  #take({ type, data, id }: SseMessage): SluiceEvent<Data> | undefined {
    if (type === "message") {
      this.#moveTo(id);
      return eventFromSse<Data>(id, data);
    }
    if (type === "reset") {
      const { reason } = JSON.parse(data) as { readonly reason: string };
      reportReset(this.#onReset, { after: this.#position, position: id, reason });
      this.#moveTo(id);
    } else if (type === "end") {
      this.#moveTo(id);
      this.#ended = true;
    } else if (type === "error") throw errorFromProblem(data);
    return undefined;
  }

  #moveTo(position: string): void {
    if (position === "") return;
    this.#position = position;
    this.#from = { after: position };
  }

  /** An open stream, after as many attempts as it takes; undefined when the subscription is over. */
  async #connect(): Promise<SseStream | undefined> {
    while (!this.#stop.signal.aborted) {
      try {
        return await this.#connectOnce();
      } catch (error) {
        if (this.#stop.signal.aborted) return undefined;
        if (!(error instanceof SluiceError)) throw error;
        if (error.code === "ended") {
          this.#ended = true;
          return undefined;
        }
        if (error.code === "position_gone" && error.position !== undefined) {
          const { position, message: reason } = error;
          reportReset(this.#onReset, { after: this.#position, position, reason });
          this.#moveTo(position);
        } else if (!error.retryable) throw error;
        else await this.#backoff.pause(error, this.#stop.signal);
      }
    }
    return undefined;
  }

  async #connectOnce(): Promise<SseStream> {
    const abort = new AbortController();
    const stop = () => abort.abort();
    this.#stop.signal.addEventListener("abort", stop);
    abort.signal.addEventListener("abort", () =>
      this.#stop.signal.removeEventListener("abort", stop),
    );
    try {
      const stream = await SseStream.open(this.#settings, ssePath(this.#target, this.#from), abort);
      // Until the position of a live stream is known, a reconnect would leave a gap.
      if (this.#from === "live" && (await stream.begin()) === 0) this.#moveTo(stream.lastEventId);
      return stream;
    } catch (error) {
      abort.abort();
      throw error;
    }
  }
}
