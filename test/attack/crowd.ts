/**
 * Well-behaved clients, in a process beside the witness's: `crowd.ts <url> <subscribers> <records a
 * second>`. Each subscriber reads one key of a topic by SSE and resumes when it is cut off; producers
 * append to all keys, and repeat what is refused as `Retry-After` says. It prints "ready" once all have
 * subscribed, and after SIGTERM, once what was acknowledged has arrived, its report as JSON.
 */

import { openSse } from "../support/sse-socket.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";

export interface CrowdReport {
  /** Records that were acknowledged. */
  readonly acknowledged: number;
  /** Appends that failed although they were repeated as `Retry-After` says. */
  readonly failed: number;
  /** Refusals, each of which was heeded. */
  readonly refused: number;
  /** Acknowledged records that did not arrive within half a minute, and records that arrived twice. */
  readonly lost: number;
  readonly twice: number;
  /** How often a subscriber was cut off, or refused. */
  readonly reconnects: number;
  /** From the first attempt of an append to its records' arrival, in ms. */
  readonly delivery: Quantiles;
}

const topic = "crowd";
const producers = 20;
const recordsOfAppend = 50;
const attemptsMax = 30;
const arrivalMsMax = 30_000;
const padding = "x".repeat(100);

class Crowd {
  readonly #url: string;
  readonly #subscribers: number;
  readonly #recordsPerSecond: number;
  readonly #delivery: number[] = [];
  /** How often each record has arrived, by its number. */
  readonly #arrivals: number[] = [];
  readonly #acknowledged: number[] = [];
  #numbers = 0;
  #failed = 0;
  #refused = 0;
  #reconnects = 0;
  #isOver = false;

  constructor(url: string, subscribers: number, recordsPerSecond: number) {
    this.#url = url;
    this.#subscribers = subscribers;
    this.#recordsPerSecond = recordsPerSecond;
  }

  /** Resolves once all have subscribed. */
  async subscribe(): Promise<void> {
    await fetch(`${this.#url}/v1/topics/${topic}`, { method: "PUT", body: "{}" });
    const opened = Array.from({ length: this.#subscribers }, (_, i) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      void this.#follow(i, resolve);
      return promise;
    });
    await Promise.all(opened);
  }

  /** Appends until `stop`. */
  async produce(): Promise<void> {
    const gapMs = (1000 * producers * recordsOfAppend) / this.#recordsPerSecond;
    await Promise.all(
      Array.from({ length: producers }, async (_, i) => {
        let dueMs = performance.now() + (gapMs * i) / producers;
        for (let at = i; !this.#isOver; at += producers) {
          const waitMs = dueMs - performance.now();
          if (waitMs > 0) await Bun.sleep(waitMs);
          // What a slow node has not taken in time is not made up for.
          dueMs = Math.max(dueMs + gapMs, performance.now() - gapMs);
          await this.#append(at % this.#subscribers);
        }
      }),
    );
  }

  stop(): void {
    this.#isOver = true;
  }

  async report(): Promise<CrowdReport> {
    const untilMs = performance.now() + arrivalMsMax;
    const missing = () => this.#acknowledged.filter((n) => this.#arrivals[n] === undefined).length;
    while (missing() > 0 && performance.now() < untilMs) await Bun.sleep(100);
    return {
      acknowledged: this.#acknowledged.length,
      failed: this.#failed,
      refused: this.#refused,
      lost: missing(),
      twice: this.#arrivals.filter((count) => count > 1).length,
      reconnects: this.#reconnects,
      delivery: quantiles(this.#delivery),
    };
  }

  async #follow(subscriber: number, opened: () => void): Promise<void> {
    const url = `${this.#url}/v1/topics/${topic}/sse?key=s${subscriber}`;
    let lastId = "";
    for (;;) {
      const headers: Record<string, string> = lastId === "" ? {} : { "last-event-id": lastId };
      const onEvent = (event: { readonly event: string; readonly data: string }) => {
        if (event.event === "message") this.#arrived(JSON.parse(event.data));
      };
      const stream = await openSse(url, { headers, onEvent }).catch(() => undefined);
      const seconds = Number(stream?.headers.get("retry-after") ?? 0);
      if (stream?.status === 200) {
        opened();
        await stream.ended;
        if (stream.lastId !== "") ({ lastId } = stream);
      } else stream?.close();
      this.#reconnects++;
      await Bun.sleep(Math.max(500, seconds * 1000));
    }
  }

  #arrived({ n, at }: { readonly n: number; readonly at: number }): void {
    const count = (this.#arrivals[n] ?? 0) + 1;
    this.#arrivals[n] = count;
    if (count === 1) this.#delivery.push(Date.now() - at);
  }

  async #append(subscriber: number): Promise<void> {
    const first = this.#numbers;
    this.#numbers += recordsOfAppend;
    const numbers = Array.from({ length: recordsOfAppend }, (_, i) => first + i);
    const at = Date.now();
    const body = numbers.map((n) => JSON.stringify({ n, at, padding })).join("\n");
    if (await this.#repeated(subscriber, body, `crowd-${first}`)) {
      this.#acknowledged.push(...numbers);
    } else this.#failed++;
  }

  async #repeated(subscriber: number, body: string, id: string): Promise<boolean> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const response = await fetch(`${this.#url}/v1/topics/${topic}/records?key=s${subscriber}`, {
        method: "POST",
        body,
        headers: { "content-type": "application/x-ndjson", "idempotency-key": id },
      });
      await response.arrayBuffer();
      if (response.ok) return true;
      if (response.status !== 429 && response.status !== 503) return false;
      this.#refused++;
      await Bun.sleep(Math.max(50, Number(response.headers.get("retry-after")) * 1000));
    }
    return false;
  }
}

if (import.meta.main) {
  const [url = "", subscribers = "1000", records = "5000"] = process.argv.slice(2);
  const crowd = new Crowd(url, Number(subscribers), Number(records));
  process.on("SIGTERM", () => crowd.stop());
  await crowd.subscribe();
  process.stdout.write("ready\n");
  await crowd.produce();
  const report = JSON.stringify(await crowd.report());
  process.stdout.write(`${report}\n`, () => process.exit(0));
}
