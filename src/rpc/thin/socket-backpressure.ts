/**
 * Back-pressure of the collector: while too much is in flight, no socket that brings records is
 * read, so what waits is in the peers' and the kernel's buffers and not in this process' heap.
 *
 * Pausing an HTTP/2 stream would leave its whole window here, one object a message (25,000 of them
 * hold gigabytes); Bun's parser is fed by the socket's handle, so that is what is paused, where the
 * runtime has one. Elsewhere it is the stream, within its window.
 */
import type { ServerHttp2Stream } from "node:http2";
import type { InFlight } from "../../ingest/in-flight.ts";

interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

export interface StreamLease {
  /** Whether the stream may be handed more; false only where it is paused by itself. */
  isOpen(): boolean;
  leave(): void;
}

export class SocketBackpressure {
  readonly #inFlight: InFlight;
  /** What is read by calls under way, and by how many each. */
  readonly #sources = new Map<Pausable, number>();
  #isShut = false;

  constructor(inFlight: InFlight) {
    this.#inFlight = inFlight;
  }

  /** To be called for a call's stream. */
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

  /** To be called after something was taken. */
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
    // Other calls of the same connection are none of this valve's.
    if (this.#isShut) source.resume();
  }
}

/** The session's socket is a proxy, which has what it does not name. */
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
