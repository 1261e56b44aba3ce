/**
 * Back-pressure of the collector: while too much is in flight, no socket that brings records is
 * read, so waiting data stays in the buffers of the peers and the kernel and not in the heap.
 *
 * A paused HTTP/2 stream would still buffer its whole window here, with an object per message; 25,000
 * such streams take gigabytes. Bun's parser reads from the socket's handle, so this pauses the handle
 * where the runtime has one, and otherwise the stream, within its window.
 */

import type { ServerHttp2Stream } from "node:http2";
import type { InFlight } from "../../ingest/in-flight.ts";

interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

export interface StreamLease {
  /** Whether the stream may pass on more; false only where the stream itself is paused. */
  isOpen(): boolean;
  leave(): void;
}

export class SocketBackpressure {
  readonly #inFlight: InFlight;
  /** The sources that running calls read, each with the number of its calls. */
  readonly #sources = new Map<Pausable, number>();
  #isShut = false;

  constructor(inFlight: InFlight) {
    this.#inFlight = inFlight;
  }

  /** Call this for each call's stream, and `leave` on the lease when the call is over. */
  enter(stream: ServerHttp2Stream): StreamLease {
    const handle = handleOf(stream);
    const source = handle ?? stream;
    this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1);
    if (this.#isShut) source.pause();
    return {
      isOpen: () => handle !== undefined || !this.#isShut,
      leave: () => this.#leave(source),
    };
  }

  /** Call this after something was taken. */
  check(): void {
    if (this.#isShut || !this.#inFlight.isFull) return;
    this.#isShut = true;
    for (const source of this.#sources.keys()) source.pause();
    void this.#inFlight.room().then(() => {
      this.#isShut = false;
      for (const source of this.#sources.keys()) source.resume();
    });
  }

  #leave(source: Pausable): void {
    const users = (this.#sources.get(source) ?? 1) - 1;
    if (users > 0) {
      this.#sources.set(source, users);
      return;
    }
    this.#sources.delete(source);
    // Calls of other services on the same connection go on.
    if (this.#isShut) source.resume();
  }
}

/** `session.socket` is a proxy, whose target has `_handle` although the type does not declare it. */
function handleOf({ session }: ServerHttp2Stream): Pausable | undefined {
  const handle: unknown =
    session === undefined ? undefined : Reflect.get(session.socket, "_handle");
  return isPausable(handle) ? handle : undefined;
}

function isPausable(value: unknown): value is Pausable {
  return (
    typeof value === "object" &&
    value !== null &&
    "pause" in value &&
    typeof value.pause === "function" &&
    "resume" in value &&
    typeof value.resume === "function"
  );
}
