/** Producers that heed 503 and Retry-After: each key has numbered records, sent in order, in batches. */

import { pause } from "../support/until.ts";

export interface ProducerOptions {
  readonly url: string;
  readonly ca: string;
  readonly topic: string;
  readonly keys: readonly string[];
  /** Records a second, of all keys together. */
  readonly rate: number;
}

export interface ProducerReport {
  /** Records that were acknowledged. */
  readonly acknowledged: number;
  /** Answers that ask for a later attempt, by their status. */
  readonly deferred: ReadonlyMap<string, number>;
  /** Everything else that was not a success: a client cannot heed that. */
  readonly failed: readonly string[];
  readonly slowestMs: number;
}

export interface Producers {
  /** The number of the last acknowledged record of each key. */
  readonly last: ReadonlyMap<string, number>;
  report(): ProducerReport;
  /** Resolves once everything that was begun is acknowledged. */
  stop(): Promise<void>;
}

const periodMs = 1000;
const waitMs = 1000;

export function startProducers(options: ProducerOptions): Producers {
  const { keys, rate } = options;
  const last = new Map(keys.map((key) => [key, 0]));
  const deferred = new Map<string, number>();
  const failed: string[] = [];
  const batch = Math.max(1, Math.round((rate * periodMs) / 1000 / keys.length));
  let slowestMs = 0;
  let isStopped = false;

  async function append(key: string, from: number): Promise<void> {
    const path = `/v1/topics/${options.topic}/records?key=${key}`;
    const events = Array.from({ length: batch }, (_, i) => ({ n: from + i }));
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": `${key}-${from}` },
      body: JSON.stringify(events),
      tls: { ca: options.ca },
    };
    for (const started = performance.now(); ;) {
      try {
        const response = await fetch(options.url + path, init);
        const text = await response.text();
        if (response.status === 200) {
          slowestMs = Math.max(slowestMs, performance.now() - started);
          last.set(key, from + batch - 1);
          return;
        }
        const retryAfter = response.headers.get("retry-after");
        if (retryAfter === null) failed.push(`${response.status} ${text.slice(0, 200)}`);
        else {
          const { code = "" } = JSON.parse(text) as { code?: string };
          const what = `${response.status} ${code}`;
          deferred.set(what, (deferred.get(what) ?? 0) + 1);
        }
        await pause(Number(retryAfter ?? 0) * 1000 || waitMs);
      } catch (error) {
        failed.push(String(error));
        await pause(waitMs);
      }
    }
  }

  async function produce(key: string, offsetMs: number): Promise<void> {
    await pause(offsetMs);
    for (let dueMs = performance.now(), n = 1; !isStopped; n += batch) {
      await append(key, n);
      dueMs += periodMs;
      await pause(Math.max(0, dueMs - performance.now()));
    }
  }

  const running = keys.map((key, i) => produce(key, (i * periodMs) / keys.length));
  return {
    last,
    report: () => ({
      acknowledged: [...last.values()].reduce((sum, n) => sum + n, 0),
      deferred,
      failed,
      slowestMs,
    }),
    async stop() {
      isStopped = true;
      await Promise.all(running);
    },
  };
}
