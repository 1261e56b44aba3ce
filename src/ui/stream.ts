/** An SSE stream with `EventSource`, that comes back by itself after its last position. */

export type StreamState = "connecting" | "live" | "waiting" | "ended" | "refused";

export interface StreamEvents {
  /** `position` is undefined where the stream has none (`/magic`). */
  record(data: string, position: string | undefined): void;
  state(state: StreamState, why?: string): void;
  /** Something about the stream that a reader should see. */
  note(text: string): void;
}

/** How long to wait after the gateway refused; the browser itself waits after a break. */
const againMs = 2000;

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

  /** Where to start again; undefined before the first position. */
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

  /** Stops reading; `open` goes on after the last position. */
  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  /** `after` wins over a `tail` in the address, which is for the first time. */
  #url(): URL {
    const url = new URL(this.#address, location.origin);
    if (this.#after !== undefined) url.searchParams.set("after", this.#after);
    return url;
  }

  #moved({ lastEventId }: { readonly lastEventId: string }): void {
    if (lastEventId !== "") this.#after = lastEventId;
  }

  #failed(source: EventSource, event: Event): void {
    // The gateway's own `error` event carries a problem; the browser's one carries nothing.
    if (event instanceof MessageEvent) {
      this.#moved(event);
      const { detail } = JSON.parse(String(event.data)) as { detail: string };
      this.#events.note(detail);
      return this.#again(detail);
    }
    if (source.readyState === EventSource.CONNECTING) return this.#events.state("waiting");
    void this.#refused();
  }

  /** A browser does not tell why it was refused, so the gateway is asked once more. */
  async #refused(): Promise<void> {
    this.close();
    const look = new AbortController();
    try {
      const response = await fetch(this.#url(), { signal: look.signal });
      if (response.ok) return this.#again("");
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      if (code === "ended") return this.#events.state("ended", detail);
      if (response.status >= 500 || response.status === 429) return this.#again(detail);
      this.#events.state("refused", detail);
    } catch {
      // It does not answer at all: that is what waiting is for.
      this.#again("The gateway does not answer");
    } finally {
      look.abort();
    }
  }

  #again(why: string): void {
    this.close();
    this.#events.state("waiting", why);
    this.#timer = setTimeout(() => this.open(), againMs);
  }
}
