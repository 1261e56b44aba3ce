/** One subscriber on a bare socket: it looks for stamps and ignores the protocol. */

import { connect, type Socket } from "node:net";
import { nowUs, type StampReader } from "./stamp.ts";

export type Transport = "sse" | "ws";

/** What to connect to, and as what. */
export interface Address {
  readonly transport: Transport;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** First message of a WebSocket: its subscription. */
  readonly hello: string;
  /** With the credential that it needs. */
  readonly headers: Readonly<Record<string, string>>;
}

/** `opening`, then `open`; `over`: the server closed it, or refused it. */
export type SubscriberState = "opening" | "open" | "over";

// One buffer for all sockets: its bytes are scanned before the next read.
const received = new Uint8Array(64 * 1024);
const latin1 = new TextDecoder("latin1");

export class Subscriber {
  state: SubscriberState = "opening";
  /** Reason for the close, as far as the server gave one. */
  reason = "";
  readonly reader: StampReader;
  readonly #address: Address;
  readonly #readsOn: boolean;
  readonly #socket: Socket;
  #changed: () => void = () => {};
  #upgraded = false;

  /** One that does not `readsOn` stops once it is subscribed. */
  constructor(address: Address, reader: StampReader, readsOn: boolean) {
    this.#address = address;
    this.reader = reader;
    this.#readsOn = readsOn;
    this.#socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      onread: {
        buffer: received,
        callback: (length, buffer) => {
          this.#take(buffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on("connect", () => void this.#socket.write(handshake(address)));
    this.#socket.on("error", (error) => this.#over(error.message));
    this.#socket.on("close", () => this.#over("closed"));
  }

  /** Resolves when it is subscribed, or over. */
  opened(): Promise<void> {
    return new Promise((resolve) => {
      if (this.state !== "opening") resolve();
      else this.#changed = resolve;
    });
  }

  /** Reads again, after all. */
  resume(): void {
    this.#socket.resume();
  }

  /** An unasked pong: a WebSocket server counts it as a sign of life. */
  keepAlive(): void {
    if (this.#address.transport === "ws" && this.state === "open") this.#socket.write(pong);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Uint8Array): void {
    if (this.state === "opening") this.#greet(bytes);
    else if (!this.#readsOn && latin1.decode(bytes).includes("slow_subscriber")) {
      this.reason = "slow_subscriber";
    }
    this.reader.take(bytes, nowUs());
  }

  #greet(bytes: Uint8Array): void {
    const text = latin1.decode(bytes);
    if (!this.#upgraded) {
      const wanted = this.#address.transport === "ws" ? "HTTP/1.1 101" : "HTTP/1.1 200";
      if (!text.startsWith(wanted)) {
        this.#over(text.slice(0, 300));
        this.#socket.destroy();
        return;
      }
      this.#upgraded = true;
      if (this.#address.transport === "ws") this.#socket.write(textFrame(this.#address.hello));
    }
    if (this.#address.transport === "ws" && !text.includes('"subscribed"')) return;
    this.state = "open";
    if (!this.#readsOn) this.#socket.pause();
    this.#changed();
  }

  #over(reason: string): void {
    if (this.state === "over") return;
    this.state = "over";
    this.reason ||= reason;
    this.#changed();
  }
}

function handshake({ transport, host, port, path, headers }: Address): string {
  const fields = Object.entries({ host: `${host}:${port}`, ...headers });
  const head = [`GET ${path} HTTP/1.1`, ...fields.map((field) => field.join(": ")), ""].join(
    "\r\n",
  );
  if (transport === "sse") return `${head}Accept: text/event-stream\r\n\r\n`;
  const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  return `${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
}

/** A client's frame is masked; with a mask of zeros its bytes stay as they are. */
function textFrame(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  if (payload.byteLength > 125) throw new RangeError("expected a hello of one short frame");
  return new Uint8Array([0x81, 0x80 | payload.byteLength, 0, 0, 0, 0, ...payload]);
}

const pong = new Uint8Array([0x8a, 0x80, 0, 0, 0, 0]);
