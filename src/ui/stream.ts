/** An SSE stream over `EventSource` that resumes on its own after its last position. */

import { gatewayUrl } from "./root.ts";

export type StreamState = "connecting" | "live" | "waiting" | "ended" | "refused";

export interface StreamEvents {
  /** `position` is undefined where the stream has none (`/magic`). */
  record(data: string, position: string | undefined): void;
  state(state: StreamState, why?: string): void;
  /** Something about the stream that a reader should see. */
  note(text: string): void;
}

/** The wait after a refusal. After a lost connection the browser itself waits. */
const retryMs = 2000;

export class Stream {
  readonly #address: string;
  readonly #events: StreamEvents;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #after: string | undefined;

  /** Opens at once. `after`: a position, or `earliest`; without it the stream starts live. */
  constructor(address: string, after: string | undefined, events: StreamEvents) {
    this.#address = address;
    this.#events = events;
    this.#after = after;
    this.open();
  }

  /** The position to resume after; undefined before the first one. */
  get position(): string | undefined {
    return this.#after;
  }

  open(): void {
    this.close();
    this.#events.state("connecting");
    const source = new EventSource(this.#url());
    this.#source = source;
    source.addEventListener("open", () => this.#events.state("live"));
    source.addEventListener("message", (event: MessageEvent<string>) => {
      this.#moved(event);
      this.#events.record(event.data, event.lastEventId === "" ? undefined : event.lastEventId);
    });
    source.addEventListener("reset", (event: MessageEvent<string>) => {
      this.#moved(event);
      const { reason } = JSON.parse(event.data) as { reason: string };
      this.#events.note(`Events are missing here. ${reason}`);
    });
    source.addEventListener("end", (event: MessageEvent<string>) => {
      this.#moved(event);
      this.close();
      this.#events.state("ended");
    });
    source.addEventListener("error", (event) => this.#failed(source, event));
  }

  /** Stops reading; `open` resumes after the last position. */
  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  /** `after` wins over a `tail` in the address, which is for the first connection. */
  #url(): URL {
    const url = gatewayUrl(this.#address);
    if (this.#after !== undefined) url.searchParams.set("after", this.#after);
    return url;
  }

  #moved({ lastEventId }: { readonly lastEventId: string }): void {
    if (lastEventId !== "") this.#after = lastEventId;
  }

  #failed(source: EventSource, event: Event): void {
    // The gateway's own `error` event carries a problem; the browser's carries nothing.
    if (event instanceof MessageEvent) {
      this.#moved(event);
      const { detail } = JSON.parse(String(event.data)) as { detail: string };
      this.#events.note(detail);
      return this.#retry(detail);
    }
    if (source.readyState === EventSource.CONNECTING) return this.#events.state("waiting");
    void this.#findReason();
  }

  /** A browser does not report why a stream was refused, so the request is repeated with `fetch`. */
  async #findReason(): Promise<void> {
    this.close();
    const look = new AbortController();
    try {
      const response = await fetch(this.#url(), { signal: look.signal });
      if (response.ok) return this.#retry("");
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      if (code === "ended") return this.#events.state("ended", detail);
      if (response.status >= 500 || response.status === 429) return this.#retry(detail);
      this.#events.state("refused", detail);
    } catch {
      // No answer at all: the gateway may come back.
      this.#retry("The gateway does not answer");
    } finally {
      look.abort();
    }
  }

  #retry(why: string): void {
    this.close();
    this.#events.state("waiting", why);
    this.#timer = setTimeout(() => this.open(), retryMs);
  }
}
