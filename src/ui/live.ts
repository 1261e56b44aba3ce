/** An SSE stream as a page shows it: its newest events, its state and its rate. */

import { emptyWindow, EventWindow, type EventWindowView } from "./event-window.ts";
import { noteEvent, recordEvent } from "./event.ts";
import { Stream, type StreamState } from "./stream.ts";

export interface LiveView extends EventWindowView {
  readonly state: StreamState | "paused";
  readonly why: string | undefined;
  readonly position: string | undefined;
}

export interface LiveStart extends Pick<EventWindowView, "events" | "older"> {
  /** The position after which the stream starts. */
  readonly after: string | undefined;
}

export const initialView: LiveView = {
  ...emptyWindow,
  state: "connecting",
  why: undefined,
  position: undefined,
};

export class Live {
  readonly #stream: Stream;
  readonly #window: EventWindow;
  #state: LiveView["state"] = "connecting";
  #why: string | undefined;

  constructor(address: string, { after, ...shown }: LiveStart, onChange: (view: LiveView) => void) {
    this.#window = new EventWindow(shown, (view) => {
      const { position } = this.#stream;
      onChange({
        ...view,
        state: this.#state,
        why: this.#why,
        position: position === "earliest" ? undefined : position,
      });
    });
    this.#stream = new Stream(address, after, {
      record: (data, position) => this.#window.received(recordEvent(data, position)),
      note: (text) => this.#window.add(noteEvent(text)),
      state: (state, why) => this.#changed(state, why),
    });
  }

  /** Stops reading until `resume`, which continues after the last event: none is lost. */
  pause(): void {
    this.#stream.close();
    this.#state = "paused";
    this.#window.draw();
  }

  resume(): void {
    this.#state = "connecting";
    this.#stream.open();
  }

  close(): void {
    this.#stream.close();
    this.#window.close();
  }

  #changed(state: StreamState, why: string | undefined): void {
    // A paused stream is closed, which is not its end.
    if (this.#state === "paused" && state !== "ended") return;
    if (state === "ended" && this.#state !== "ended") {
      this.#window.add(noteEvent("The stream has ended."));
    }
    this.#state = state;
    this.#why = why;
    this.#window.draw();
  }
}
