/** Connections that each send one request after the other: the load where wrk is not installed. */

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { SimulatedSeries } from "../../src/cli/simulate/measurements-series.ts";
import { createRandom } from "../../src/cli/simulate/random.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { Latencies } from "../latencies.ts";
import type { SaveLoad, SaveResult } from "./result.ts";

/** Time that requests in flight at the end may still take. */
const lastAnswerMs = 10_000;
const valuesEach = 10;

/** Throws `unavailable` where a connection cannot be opened. */
export async function sendOwnLoad(
  url: string,
  prefix: string,
  { connections, seconds, tags }: SaveLoad,
): Promise<SaveResult> {
  const series = new SimulatedSeries({
    random: createRandom(1),
    tags,
    values: valuesEach,
    prefix,
  });
  let lastNs = 0n;
  const next = () => {
    const nowNs = systemClock.nowNs();
    // No two measurements have the same time.
    lastNs = nowNs > lastNs ? nowNs : lastNs + 1n;
    return series.line(lastNs);
  };
  return await sendOneByOne(url, { path: "/save", connections, seconds }, next);
}

export interface RequestLoad {
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** Sent with each request; left out: no credential. */
  readonly key?: string | undefined;
}

/** Each body is a JSON text. Throws `unavailable` where a connection cannot be opened. */
export async function sendOneByOne(
  url: string,
  load: RequestLoad,
  next: () => string,
): Promise<SaveResult> {
  const latencies = new Latencies([]);
  const all = await Promise.all(
    Array.from({ length: load.connections }, () => openSender(url, load, next, latencies)),
  );
  const startMs = performance.now();
  const over = all.map((sender) => sender.run());
  await new Promise((resolve) => setTimeout(resolve, load.seconds * 1000));
  for (const sender of all) sender.stop();
  await Promise.all(over);
  const sum = (of: (sender: Sender) => number) =>
    all.reduce((total, sender) => total + of(sender), 0);
  return {
    by: "own",
    seconds: (performance.now() - startMs) / 1000,
    acknowledged: sum((sender) => sender.acknowledged),
    refused: sum((sender) => sender.refused),
    broken: sum((sender) => sender.broken),
    latencyMs: latencies.summary(),
  };
}

function openSender(
  url: string,
  load: RequestLoad,
  next: () => string,
  latencies: Latencies,
): Promise<Sender> {
  const { hostname, port, host } = new URL(url);
  const credential = load.key === undefined ? "" : `Authorization: Bearer ${load.key}\r\n`;
  const head = `POST ${load.path} HTTP/1.1\r\nHost: ${host}\r\n${credential}Content-Type: application/json\r\nContent-Length: `;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port || 80), hostname);
    socket.setNoDelay(true);
    socket.once("connect", () => resolve(new Sender(socket, head, next, latencies)));
    socket.once("error", (cause) =>
      reject(new Failure("unavailable", `Cannot reach ${url}: ${cause.message}`, { cause })),
    );
  });
}

/** One connection with one request in flight. */
class Sender {
  acknowledged = 0;
  refused = 0;
  broken = 0;
  readonly #socket: Socket;
  readonly #head: string;
  readonly #next: () => string;
  readonly #latencies: Latencies;
  readonly #over = Promise.withResolvers<void>();
  #isStopped = false;
  #isWaiting = false;
  #sentMs = 0;
  #received = "";

  constructor(socket: Socket, head: string, next: () => string, latencies: Latencies) {
    this.#socket = socket;
    this.#head = head;
    this.#next = next;
    this.#latencies = latencies;
    socket.on("data", (data) => this.#hear(data.toString("latin1")));
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
  }

  run(): Promise<void> {
    this.#send();
    return this.#over.promise;
  }

  stop(): void {
    this.#isStopped = true;
    setTimeout(() => this.#end(), lastAnswerMs).unref();
  }

  #send(): void {
    if (this.#isStopped) return this.#end();
    const body = this.#next();
    this.#sentMs = performance.now();
    this.#isWaiting = true;
    this.#socket.write(`${this.#head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #hear(text: string): void {
    this.#received += text;
    const head = this.#received.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received.slice(0, head))?.[1] ?? "0";
    if (this.#received.length < head + 4 + Number(length)) return;
    // The status code is at a fixed place.
    if (this.#received[9] === "2") this.acknowledged++;
    else this.refused++;
    this.#received = "";
    this.#isWaiting = false;
    this.#latencies.record((performance.now() - this.#sentMs) * 1000);
    this.#send();
  }

  #end(): void {
    if (this.#isWaiting) this.broken++;
    this.#isWaiting = false;
    this.#socket.destroy();
    this.#over.resolve();
  }
}
