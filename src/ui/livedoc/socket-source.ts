/** A WebSocket as the panel shows it. */
import { noteEvent, recordEvent, type ShownEvent } from "../event.ts";
import { RateMeter } from "../rate.ts";
import type { Source, SourceView } from "./source-view.ts";

const shownMax = 500;
const drawMs = 100;
const rateMs = 1000;

export class SocketSource implements Source {
  readonly #path: string;
  readonly #changed: (view: SourceView) => void;
  readonly #rate = new RateMeter();
  readonly #rateTimer: ReturnType<typeof setInterval>;
  #drawTimer: ReturnType<typeof setTimeout> | undefined;
  #socket: WebSocket | undefined;
  #events: readonly ShownEvent[] = [];
  #state: SourceView["state"] = "connecting";
  #position: string | undefined;

  constructor(path: string, changed: (view: SourceView) => void) {
    this.#path = path;
    this.#changed = changed;
    this.#rateTimer = setInterval(() => this.#draw(), rateMs);
    this.#open();
  }

  send(text: string): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(text);
    this.#add(noteEvent(text, "sent"));
  }

  reconnect(): void {
    this.#drop();
    this.#open();
  }

  /** A socket has no pause: whoever wants none of it closes it. */
  pause(): void {}
  resume(): void {}

  close(): void {
    this.#drop();
    clearInterval(this.#rateTimer);
    clearTimeout(this.#drawTimer);
  }

  #open(): void {
    this.#state = "connecting";
    const { protocol, host } = location;
    const socket = new WebSocket(`${protocol === "https:" ? "wss" : "ws"}://${host}${this.#path}`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#state = "live";
      this.#add(noteEvent("The socket is open."));
    });
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      if (this.#socket !== socket) return;
      this.#state = "closed";
      this.#add(noteEvent(`The socket was closed: ${code}${reason === "" ? "" : ` ${reason}`}`));
    });
    this.#draw();
  }

  /** Closed by this page, which is nothing to tell. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #received(text: string): void {
    const position = positionIn(text);
    this.#position = position ?? this.#position;
    this.#rate.add(1, Date.now());
    // Several messages may carry one position, so it is shown but does not name the message.
    this.#add({ ...recordEvent(text, undefined), text, position });
  }

  #add(event: ShownEvent): void {
    this.#events = [...this.#events, event].slice(-shownMax);
    this.#draw();
  }

  #draw(): void {
    this.#drawTimer ??= setTimeout(() => {
      this.#drawTimer = undefined;
      const nowMs = Date.now();
      this.#changed({
        events: this.#events,
        state: this.#state,
        why: undefined,
        position: this.#position,
        older: false,
        perSecond: this.#rate.perSecond(nowMs),
        lastMinute: this.#rate.lastMinute(nowMs),
      });
    }, drawMs);
  }
}

function positionIn(text: string): string | undefined {
  try {
    const message = JSON.parse(text) as { readonly position?: unknown } | null;
    return typeof message?.position === "string" ? message.position : undefined;
  } catch {
    // An echo is any text.
    return undefined;
  }
}
