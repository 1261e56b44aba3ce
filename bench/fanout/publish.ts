/** The publisher: stamped events on a schedule, one request under way at a time. */

import { Failure } from "../../src/core/failure.ts";
import type { Server } from "./servers.ts";
import { nowUs, stampedEvent } from "./stamp.ts";

export interface Schedule {
  readonly events: number;
  /** Events per second. */
  readonly rate: number;
  /** Number of events per request, as NDJSON. */
  readonly batch: number;
  /** Size of one event's JSON. */
  readonly bytes: number;
}

export interface Published {
  readonly startUs: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly requests: number;
  readonly cpuSeconds: number;
}

/** Throws `unavailable` at the first request that is not accepted. */
export async function publish(
  { publishUrl: url, headers }: Pick<Server, "publishUrl" | "headers">,
  { events, rate, batch, bytes }: Schedule,
): Promise<Published> {
  const type = batch === 1 ? "application/json" : "application/x-ndjson";
  const cpuAtStart = process.cpuUsage();
  const startUs = nowUs();
  let requests = 0;
  for (let from = 0; from < events; from += batch) {
    const waitMs = (startUs + (from / rate) * 1e6 - nowUs()) / 1e3;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const to = Math.min(from + batch, events);
    const body = Array.from({ length: to - from }, (_, i) => stampedEvent(from + i, bytes)).join(
      "\n",
    );
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "content-type": type, ...headers },
    });
    const answer = await response.text();
    // 207: some of a batch were refused.
    if (!response.ok || response.status === 207) {
      throw new Failure(
        "unavailable",
        `Cannot publish: ${url} answered ${response.status}: ${answer.slice(0, 300)}`,
      );
    }
    requests++;
  }
  const { user, system } = process.cpuUsage(cpuAtStart);
  return {
    startUs,
    seconds: (nowUs() - startUs) / 1e6,
    requests,
    cpuSeconds: (user + system) / 1e6,
  };
}
