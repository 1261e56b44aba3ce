/** A WebSocket client whose messages are awaited. */

import { within } from "./until.ts";

export interface WsClient {
  readonly socket: WebSocket;
  /** Sends a string unchanged, anything else as JSON. */
  say(message: unknown): void;
  /** Text of the next message; undefined once the socket is closed. Throws after `msMax`. */
  nextText(msMax?: number): Promise<string | undefined>;
  /** The next message as JSON. Throws if the socket closes before that, or after `msMax`. */
  next(msMax?: number): Promise<ReturnType<typeof JSON.parse>>;
  /** Skips messages until one matches, and returns it. */
  nextThat(
    fits: (message: ReturnType<typeof JSON.parse>) => boolean,
    msMax?: number,
  ): Promise<ReturnType<typeof JSON.parse>>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Cuts the connection without a closing handshake. */
  cut(): void;
}

/** Opens a socket; rejects if the handshake fails. */
export async function openWs(
  url: string,
  onMessage?: (message: ReturnType<typeof JSON.parse>) => void,
  headers: Readonly<Record<string, string>> = {},
): Promise<WsClient> {
  // The types of browsers have no headers; Bun's WebSocket takes them.
  const options: unknown = { headers };
  const socket = new WebSocket(url, options as string[]);
  const texts: string[] = [];
  let over = false;
  let wake = () => {};
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => {
      over = true;
      wake();
      resolve({ code, reason });
    });
  });
  socket.addEventListener("message", ({ data }) => {
    const text = typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    if (onMessage === undefined) texts.push(text);
    else onMessage(JSON.parse(text));
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    void closed.then(({ code }) => reject(new Error(`No WebSocket at ${url}: code ${code}`)));
  });

  async function nextText(msMax = 5000): Promise<string | undefined> {
    const deadline = performance.now() + msMax;
    for (;;) {
      const text = texts.shift();
      if (text !== undefined || over) return text;
      const woken = new Promise<void>((resolve) => (wake = resolve));
      await within("a WebSocket message", Math.max(1, deadline - performance.now()), woken);
    }
  }

  async function next(msMax?: number) {
    const text = await nextText(msMax);
    if (text === undefined) throw new Error("The socket was closed");
    return JSON.parse(text);
  }

  return {
    socket,
    say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    nextText,
    next,
    async nextThat(fits, msMax = 5000) {
      const deadline = performance.now() + msMax;
      for (;;) {
        const message = await next(Math.max(1, deadline - performance.now()));
        if (fits(message)) return message;
      }
    },
    closed,
    cut: () => (socket as WebSocket & { terminate(): void }).terminate(),
  };
}
