/** A WebSocket as the panel shows it. */

import { EventWindow } from "../event-window.ts";
import { noteEvent, recordEvent } from "../event.ts";
import { socketUrl } from "../root.ts";
import type { Source, SourceView } from "./source-view.ts";

export class SocketSource implements Source {
  readonly #path: string;
  readonly #window: EventWindow;
  #socket: WebSocket | undefined;
  #state: SourceView["state"] = "connecting";
  #position: string | undefined;

  constructor(path: string, onChange: (view: SourceView) => void) {
    this.#path = path;
    this.#window = new EventWindow({ events: [], older: false }, (view) =>
      onChange({
        ...view,
        // A socket has no pages, so that nothing is offered before its events.
        older: false,
        state: this.#state,
        why: undefined,
        position: this.#position,
      }),
    );
    this.#open();
  }

  send(text: string): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(text);
    this.#window.add(noteEvent(text, "sent"));
  }

  reconnect(): void {
    this.#drop();
    this.#open();
  }

  /** A socket has no pause; close it instead. */
  pause(): void {}
  resume(): void {}

  close(): void {
    this.#drop();
    this.#window.close();
  }

  #open(): void {
    this.#state = "connecting";
    const socket = new WebSocket(socketUrl(this.#path));
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#state = "live";
      this.#window.add(noteEvent("The socket is open."));
    });
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      if (this.#socket !== socket) return;
      this.#state = "closed";
      const text = `The socket was closed: ${code}${reason === "" ? "" : ` ${reason}`}`;
      this.#window.add(noteEvent(text));
    });
    this.#window.draw();
  }

  /** Closes the socket on behalf of this page, which needs no note. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #received(text: string): void {
    const position = positionIn(text);
    this.#position = position ?? this.#position;
    // Several messages may have one position, so it is shown but does not identify the message.
    this.#window.received({ ...recordEvent(text, undefined), text, position });
  }
}

function positionIn(text: string): string | undefined {
  try {
    const message = JSON.parse(text) as { readonly position?: unknown } | null;
    return typeof message?.position === "string" ? message.position : undefined;
  } catch {
    // An echo may be any text.
    return undefined;
  }
}
