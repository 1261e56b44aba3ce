/** A well-behaved client while others attack: how long it waits, and what the node needs meanwhile. */

import { readFileSync } from "node:fs";
import { openSse } from "../support/sse-socket.ts";
import type { Target } from "./attack.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";

export interface Testimony {
  /** `GET /livez`, in ms. */
  readonly livez: Quantiles;
  /** From an append to its arrival at an SSE subscriber, in ms. */
  readonly delivery: Quantiles;
  /** Events that were acknowledged and did not arrive within 10 s, or arrived twice. */
  readonly lost: number;
  readonly twice: number;
  /** Well-behaved appends that failed although they were retried as `Retry-After` says. */
  readonly failed: number;
  /** Projections and tasks whose ownership was lost meanwhile. */
  readonly ownershipLost: readonly string[];
  readonly peakMega: number;
}

const gapMs = 20;

/** Watches until `over`, and then until what was acknowledged has arrived. */
export async function witness(
  { url }: Target,
  pid: number,
  over: Promise<unknown>,
): Promise<Testimony> {
  const id = `witness-${crypto.randomUUID()}`;
  await fetch(`${url}/log/${id}`, { method: "PUT", body: '{"source":"external"}' });
  const sentMs = new Map<number, number>();
  const seen = new Map<number, number>();
  const delivery: number[] = [];
  const stream = await openSse(`${url}/sse/log/${id}`, {
    onEvent: ({ data, event }) => {
      if (event !== "message") return;
      const { n } = JSON.parse(data);
      const count = (seen.get(n) ?? 0) + 1;
      seen.set(n, count);
      if (count === 1) delivery.push(performance.now() - (sentMs.get(n) ?? 0));
    },
  });
  let isOver = false;
  void over.then(() => (isOver = true));
  const livez: number[] = [];
  let failed = 0;
  let peak = 0;
  const ownershipLost = new Set<string>();
  const acknowledged: number[] = [];
  const asking = repeat(async () => {
    const startedMs = performance.now();
    await (await fetch(`${url}/livez`)).arrayBuffer();
    livez.push(performance.now() - startedMs);
    peak = Math.max(peak, residentBytes(pid));
  });
  let n = 0;
  const appending = repeat(async () => {
    const number = n++;
    // A refused append has not begun its way: the one that is accepted counts.
    const begin = () => void sentMs.set(number, performance.now());
    if (await append(`${url}/log/${id}`, number, begin)) acknowledged.push(number);
    else failed++;
  });
  const looking = repeat(async () => {
    const status = await (await fetch(`${url}/status`)).json();
    for (const { name, owned } of status.projections) if (!owned) ownershipLost.add(name);
    await Bun.sleep(250);
  });

  async function repeat(step: () => Promise<void>): Promise<void> {
    while (!isOver) {
      await step();
      await Bun.sleep(gapMs);
    }
  }

  await Promise.all([asking, appending, looking]);
  const untilMs = performance.now() + 10_000;
  while (acknowledged.some((one) => !seen.has(one)) && performance.now() < untilMs) {
    await Bun.sleep(20);
  }
  stream.close();
  return {
    livez: quantiles(livez),
    delivery: quantiles(delivery),
    lost: acknowledged.filter((one) => !seen.has(one)).length,
    twice: [...seen.values()].filter((count) => count > 1).length,
    failed,
    ownershipLost: [...ownershipLost],
    peakMega: Math.round(peak / 1024 / 1024),
  };
}

/** Retries as the answer says; false after ten times. */
async function append(url: string, n: number, begin: () => void): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    begin();
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify({ n }),
      headers: { "content-type": "application/json", "idempotency-key": `n-${n}` },
    });
    await response.arrayBuffer();
    if (response.ok) return true;
    const seconds = Number(response.headers.get("retry-after"));
    if (response.status !== 429 && response.status !== 503) return false;
    await Bun.sleep(Math.max(50, seconds * 1000));
  }
  return false;
}

function residentBytes(pid: number): number {
  const [, kilos = "0"] =
    /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilos) * 1024;
}
