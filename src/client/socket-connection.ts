/** One open WebSocket: requests and their answers by `ref`, and whether the other side is alive. */

import { errorFromProblem, errorFromThrown, SluiceError } from "./error.ts";
import type { Settings } from "./options.ts";

export interface SocketMessage {
  readonly op: string;
  readonly ref?: string | number;
  readonly [member: string]: unknown;
}

export interface ConnectionEvents {
  /** A message that is not an answer to a request; `text` is its JSON. */
  message(message: SocketMessage, text: string): void;
  /** Called once when it is closed, before its unanswered requests fail. */
  closed(error: SluiceError): void;
  /** The gateway closes it because its credential has ended; `closed` follows. */
  expired(): void;
}

type Answer = (answer: SocketMessage | SluiceError) => void;

/** The gateway takes 256 requests at the same time. */
const pendingMax = 128;

/** Close code of a socket whose credential has ended. */
const unauthenticatedCode = 4001;

/** The largest message that the gateway takes. */
const messageBytesMax = 4 * 1024 * 1024;

export class SocketConnection {
  readonly #settings: Settings;
  readonly #socket: WebSocket;
  readonly #events: ConnectionEvents;
  readonly #pending = new Map<string | number, Answer>();
  readonly #waiting: {
    readonly message: Omit<SocketMessage, "ref"> | string;
    readonly answer: Answer;
  }[] = [];
  #lastRef = 0;
  #lastHeardMs: number;
  #cancelTick: () => void = () => {};
  #over = false;

  private constructor(settings: Settings, socket: WebSocket, events: ConnectionEvents) {
    this.#settings = settings;
    this.#socket = socket;
    this.#events = events;
    this.#lastHeardMs = settings.clock.nowMs();
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => {
      if (code === unauthenticatedCode) events.expired();
      this.#close(closeError(code, reason));
    };
    this.#tick();
  }

  static open(
    settings: Settings,
    events: ConnectionEvents,
    { ticket, signal }: { readonly ticket: string | undefined; readonly signal: AbortSignal },
  ): Promise<SocketConnection> {
    const url = `${settings.url.replace(/^http/, "ws")}/v1/ws`;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(closedHere());
      const query = ticket === undefined ? "" : `?ticket=${ticket}`;
      const socket = openSocket(settings, url, query);
      const give = (settle: () => void) => {
        cancel();
        signal.removeEventListener("abort", abort);
        settle();
      };
      const fail = (error: SluiceError) => {
        give(() => reject(error));
        socket.onclose = null;
        socket.close();
      };
      const abort = () => fail(closedHere());
      signal.addEventListener("abort", abort);
      const cancel = settings.clock.after(settings.timeoutMs, () => {
        fail(
          new SluiceError(
            "unavailable",
            `Cannot open ${url}: no answer within ${settings.timeoutMs} ms`,
          ),
        );
      });
      socket.onopen = () => give(() => resolve(new SocketConnection(settings, socket, events)));
      // The close event has neither a reason nor a status.
      socket.onclose = () => fail(new SluiceError("unavailable", `Cannot open ${url}`));
    });
  }

  /** Sends a request with a `ref`; `answer` is called once, when its answer arrives. */
  ask(message: Omit<SocketMessage, "ref"> | string, answer: Answer): void {
    if (this.#over) return answer(new SluiceError("unavailable", "The socket is closed"));
    if (this.#pending.size >= pendingMax) this.#waiting.push({ message, answer });
    else this.#ask(message, answer);
  }

  close(): void {
    this.#close(closedHere());
    this.#socket.close(1000);
  }

  /** A string is a JSON object without its ref, which is inserted first. */
  #ask(message: Omit<SocketMessage, "ref"> | string, answer: Answer): void {
    const ref = ++this.#lastRef;
    const text =
      typeof message === "string"
        ? `{"ref":${ref},${message.slice(1)}`
        : JSON.stringify({ ...message, ref });
    if (text.length * 3 > messageBytesMax) {
      const bytes = new TextEncoder().encode(text).byteLength;
      if (bytes > messageBytesMax) {
        const why = `Cannot send a message of ${bytes} bytes: at most ${messageBytesMax} are taken`;
        return answer(new SluiceError("too_large", why));
      }
    }
    this.#pending.set(ref, answer);
    this.#socket.send(text);
  }

  #received(data: unknown): void {
    this.#lastHeardMs = this.#settings.clock.nowMs();
    if (typeof data !== "string") return;
    const message = parseMessage(data);
    if (message === undefined) return;
    const answer = message.ref === undefined ? undefined : this.#pending.get(message.ref);
    if (answer === undefined || message.ref === undefined) {
      return this.#events.message(message, data);
    }
    this.#pending.delete(message.ref);
    answer(message.op === "error" ? errorFromProblem(message["problem"]) : message);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#ask(next.message, next.answer);
  }

  /** Three times within the longest silence allowed: pings, or gives up. */
  #tick(): void {
    const { clock, silenceMs } = this.#settings;
    this.#cancelTick = clock.after(silenceMs / 3, () => {
      const silentMs = clock.nowMs() - this.#lastHeardMs;
      if (silentMs >= silenceMs) {
        this.#close(new SluiceError("unavailable", `The gateway sent nothing for ${silenceMs} ms`));
        this.#socket.close();
        return;
      }
      if (silentMs >= silenceMs / 3) this.#socket.send(`{"op":"ping"}`);
      this.#tick();
    });
  }

  #close(error: SluiceError): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTick();
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    const answers = [...this.#pending.values(), ...this.#waiting.map(({ answer }) => answer)];
    this.#pending.clear();
    this.#waiting.length = 0;
    this.#events.closed(error);
    for (const answer of answers) answer(error);
  }
}

/** What the user's own function throws is an attempt that failed. */
function openSocket(settings: Settings, url: string, query: string): WebSocket {
  try {
    return settings.openSocket(url + query);
  } catch (error) {
    throw errorFromThrown(error, `Cannot open ${url}`);
  }
}

/** Undefined if it is not a message of Sluice. */
function parseMessage(text: string): SocketMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null && "op" in message
      ? (message as SocketMessage)
      : undefined;
  } catch {
    // An error thrown in an event handler would end the user's process.
    return undefined;
  }
}

function closedHere(): SluiceError {
  return new SluiceError("cancelled", "The socket was closed");
}

function closeError(code: number, reason: string): SluiceError {
  const suffix = reason === "" ? "" : ` ${reason}`;
  if (code === 1001) {
    return new SluiceError("shutting_down", `The socket was closed: ${code}${suffix}`);
  }
  if (code === 4008) {
    return new SluiceError("slow_subscriber", `The socket was closed: ${code}${suffix}`);
  }
  return new SluiceError("unavailable", `The socket was cut off: ${code}${suffix}`);
}
