/**
 * Subscribers by SSE and by WebSocket, each of one key, that count what is missing, what comes twice, and
 * what comes after a later record of its key.
 */

import { createClient, type SluiceClient } from "../../src/client/index.ts";
import { type Certificate, openSecureSocket } from "../support/certificate.ts";
import { until } from "../support/until.ts";

export interface ReaderReport {
  readonly received: number;
  readonly lost: number;
  readonly twice: number;
  readonly late: number;
  /** Connections that ended and were resumed, by the reason. */
  readonly resumed: ReadonlyMap<string, number>;
  /** The longest time in which some reader got nothing. */
  readonly longestSilenceMs: number;
}

export interface Readers {
  report(): ReaderReport;
  /** Waits until every reader has what was acknowledged of its key, then ends them. */
  finish(last: ReadonlyMap<string, number>, msMax: number): Promise<void>;
}

export interface ReaderOptions {
  readonly url: string;
  readonly certificate: Certificate;
  readonly topic: string;
  /** A reader by SSE for each. */
  readonly sseKeys: readonly string[];
  readonly socketKeys: readonly string[];
}

interface Reader {
  readonly key: string;
  /** The first that has not come. */
  next: number;
  /** Those that came before it. */
  readonly early: Set<number>;
  lastMs: number;
}

/** Resolves once all of them follow their keys. */
export async function startReaders(options: ReaderOptions): Promise<Readers> {
  const { url, certificate, topic, sseKeys, socketKeys } = options;
  const counts = { received: 0, lost: 0, twice: 0, late: 0, longestSilenceMs: 0 };
  const resumed = new Map<string, number>();
  const readers: Reader[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  const client: SluiceClient = createClient({
    url,
    fetch: (input, init) => fetch(input, { ...init, tls: { ca: certificate.pem } }),
    openSocket: (target) => openSecureSocket(target, certificate),
    onRetry({ code }) {
      resumed.set(code, (resumed.get(code) ?? 0) + 1);
    },
  });

  function take(reader: Reader, n: number): void {
    const now = performance.now();
    counts.received++;
    counts.longestSilenceMs = Math.max(counts.longestSilenceMs, now - reader.lastMs);
    reader.lastMs = now;
    if (n < reader.next || reader.early.has(n)) counts.twice++;
    else if (n > reader.next) reader.early.add(n);
    else {
      if (reader.early.size > 0) counts.late++;
      for (reader.next++; reader.early.delete(reader.next); reader.next++);
    }
  }

  function follow(key: string, from: Pick<SluiceClient, "subscribe">): Promise<void> {
    const reader = { key, next: 1, early: new Set<number>(), lastMs: performance.now() };
    readers.push(reader);
    const subscription = from.subscribe<{ n: number }>({ topic, key }, { from: "earliest" });
    closing.push(() => subscription.return());
    void (async () => {
      for await (const { data } of subscription) take(reader, data.n);
    })();
    return subscription.ready();
  }

  // Some at a time: a thousand handshakes at once are a flood themselves.
  const opening = [
    ...sseKeys.map((key) => () => follow(key, client)),
    ...socketKeys.map((key) => () => {
      const socket = client.socket();
      closing.push(async () => await socket[Symbol.asyncDispose]());
      return follow(key, socket);
    }),
  ];
  for (let at = 0; at < opening.length; at += 20) {
    await Promise.all(opening.slice(at, at + 20).map((open) => open()));
  }
  return {
    report: () => ({ ...counts, resumed }),
    async finish(last, msMax) {
      const behind = () => readers.filter(({ key, next }) => next <= (last.get(key) ?? 0));
      try {
        await until(
          "every reader to have what was acknowledged",
          msMax,
          () => behind().length === 0,
        );
      } finally {
        // What never came is lost as well.
        for (const { key, next, early } of behind()) {
          counts.lost += (last.get(key) ?? 0) + 1 - next - early.size;
        }
        await Promise.all(closing.toReversed().map((close) => close()));
      }
    },
  };
}
