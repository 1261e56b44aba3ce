/** A subscriber that closes its connection again and again and resumes where it was. */

import { connect, type Socket } from "node:net";
import { ChunkedText } from "./chunked.ts";

/** Of all subscribers together. */
export class Deliveries {
  connections = 0;
  delivered = 0;
  lost = 0;
  duplicates = 0;
  /** Number of connections that the gateway refused, ended or cut. */
  failed = 0;
  failedWhy = "";
}

const reconnectMs = 500;
const headEnd = "\r\n\r\n";

export class ResumingSubscriber {
  readonly #url: URL;
  readonly #everyMs: number;
  readonly #deliveries: Deliveries;
  #socket: Socket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  /** Position of the last event. */
  #position: string | undefined;
  /** Number of the last event. */
  #number: number | undefined;

  /** Connects after `delayMs`, and once more after each `everyMs`. */
  constructor(url: string, deliveries: Deliveries, everyMs: number, delayMs: number) {
    this.#url = new URL(url);
    this.#everyMs = everyMs;
    this.#deliveries = deliveries;
    this.#connectAfter(delayMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #connectAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), ms);
  }

  #connect(): void {
    const { hostname, port, host, pathname } = this.#url;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const response = new EventText((position, number) => this.#take(position, number));
    this.#socket = socket;
    const lastId = this.#position === undefined ? "" : `Last-Event-ID: ${this.#position}\r\n`;
    const ended = (why: string) => {
      if (this.#socket !== socket || this.#isStopped) return;
      this.#deliveries.failed++;
      this.#deliveries.failedWhy ||= why;
      this.#connectAfter(reconnectMs);
    };
    socket.on("connect", () => {
      this.#deliveries.connections++;
      socket.write(
        `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n${lastId}\r\n`,
      );
    });
    socket.on("data", (data) => {
      const refusal = response.take(data.toString("latin1"));
      if (refusal === undefined || this.#socket !== socket) return;
      ended(refusal);
      this.#socket = undefined;
      socket.destroy();
    });
    socket.on("error", (error) => ended(error.message));
    socket.on("close", () => ended("the gateway closed it"));
    this.#timer = setTimeout(() => {
      this.#socket = undefined;
      socket.destroy();
      this.#connect();
    }, this.#everyMs);
  }

  #take(position: string, number: number): void {
    const deliveries = this.#deliveries;
    const expected = this.#number === undefined ? number : this.#number + 1;
    this.#position = position;
    if (number < expected) {
      deliveries.duplicates++;
      return;
    }
    deliveries.lost += number - expected;
    deliveries.delivered++;
    this.#number = number;
  }
}

/** Finds the events in the bytes of a response. */
class EventText {
  readonly #onEvent: (position: string, number: number) => void;
  readonly #chunked = new ChunkedText();
  #head: string | undefined = "";
  #text = "";
  #position = "";

  constructor(onEvent: (position: string, number: number) => void) {
    this.#onEvent = onEvent;
  }

  /** Returns the head of a response that is not a stream. */
  take(bytes: string): string | undefined {
    if (this.#head === undefined) {
      this.#lines(this.#chunked.take(bytes));
      return undefined;
    }
    this.#head += bytes;
    const end = this.#head.indexOf(headEnd);
    if (end < 0) return undefined;
    if (!this.#head.startsWith("HTTP/1.1 200 ")) return this.#head.slice(0, 300);
    const body = this.#head.slice(end + headEnd.length);
    this.#head = undefined;
    this.#lines(this.#chunked.take(body));
    return undefined;
  }

  #lines(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("id:")) this.#position = line.slice("id:".length);
      const number = /^data:\{"n":(\d+)/.exec(line)?.[1];
      if (number !== undefined) this.#onEvent(this.#position, Number(number));
    }
  }
}
