/**
 * Producers that retry until they are acknowledged, and subscribers that are cut repeatedly and resume
 * from their last position. A ledger checks what each subscriber receives.
 */

import { ask } from "../../support/http.ts";
import type { Random } from "../../support/random.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";

/** State of a run, shared by all producers and subscribers; `url` is that of the current gateway. */
export interface Course {
  url: string;
  readonly topic: string;
  /** Total number of events; set once the producers are done, before the last event is appended. */
  total: number | undefined;
}

interface Event {
  readonly p: number;
  readonly n: number;
}

/** Checks that one reader gets every event of every producer once and in order. */
export class Ledger {
  readonly name: string;
  /** The events in order of arrival. */
  readonly order: string[] = [];
  readonly problems: string[] = [];
  cuts = 0;
  readonly #last = new Map<number, number>();

  constructor(name: string) {
    this.name = name;
  }

  take({ p, n }: Event): void {
    const expected = (this.#last.get(p) ?? 0) + 1;
    if (n !== expected) this.problem(`producer ${p}: got ${n}, expected ${expected}`);
    this.#last.set(p, n);
    this.order.push(`${p}:${n}`);
  }

  problem(text: string): void {
    if (this.problems.length < 20) this.problems.push(text);
  }

  isWhole({ total }: Course): boolean {
    return (total !== undefined && this.order.length >= total) || this.problems.length > 0;
  }
}

/** Appends batches until `enough(acknowledged)`; resolves to the number of events. */
export async function produce(
  course: Course,
  p: number,
  random: Random,
  {
    gapMs,
    wait,
    enough,
    acknowledged,
  }: {
    readonly gapMs: number;
    readonly wait: () => boolean;
    readonly enough: () => boolean;
    readonly acknowledged: (events: number) => void;
  },
): Promise<number> {
  const pad = "x".repeat(60);
  let n = 0;
  for (let batch = 1; !enough(); batch++) {
    const events = Array.from({ length: 1 + random.int(100) }, () => ({ p, n: ++n, pad }));
    await acknowledgement(
      course,
      `p${p}-${batch}-${course.topic}`,
      JSON.stringify(events),
      events.length,
    );
    acknowledged(events.length);
    do await pause(random.int(2 * gapMs));
    while (wait());
  }
  return n;
}

/** Appends the last event, which ends every reader. */
export async function conclude(course: Course, events: number): Promise<void> {
  course.total = events + 1;
  await acknowledgement(course, `last-${course.topic}`, JSON.stringify([{ p: 0, n: 1 }]), 1);
}

/** Sends the same batch with the same key until it is acknowledged. */
async function acknowledgement(
  course: Course,
  key: string,
  body: string,
  count: number,
): Promise<void> {
  for (;;) {
    try {
      const { status, json } = await ask(
        "POST",
        `${course.url}/v1/topics/${course.topic}/records`,
        {
          body,
          headers: { "content-type": "application/json", "idempotency-key": key },
          msMax: 10_000,
        },
      );
      if (status === 200 && json.accepted === count) return;
      if (status !== 503 && status !== 429) throw new Refused(`${status} ${JSON.stringify(json)}`);
    } catch (error) {
      // Any other error is a broken connection, so it is unknown whether the batch was stored.
      if (error instanceof Refused) throw error;
    }
    await pause(50);
  }
}

class Refused extends Error {}

/** Number of events until the next cut, `mean` on average. */
const budget = (random: Random, mean: number) => 1 + random.int(2 * mean);

export async function readSse(
  course: Course,
  ledger: Ledger,
  random: Random,
  mean: number,
): Promise<void> {
  let last = "earliest";
  while (!ledger.isWhole(course)) {
    let left = budget(random, mean);
    const byHeader = last !== "earliest" && random.chance(0.5);
    const query = byHeader ? "" : `?after=${last}`;
    try {
      const stream = await openSse(`${course.url}/v1/topics/${course.topic}/sse${query}`, {
        headers: byHeader ? { "last-event-id": last } : {},
        onEvent({ event, data, id }, stream) {
          if (event === "message") {
            ledger.take(JSON.parse(data));
            last = id;
            if (--left > 0 && !ledger.isWhole(course)) return;
            ledger.cuts++;
          } else if (event !== "error") ledger.problem(`an event "${event}": ${data}`);
          stream.close();
        },
      });
      if (stream.status !== 200 && stream.status !== 503) {
        ledger.problem(`status ${stream.status}: ${stream.text}`);
      }
      if (stream.status !== 200) stream.close();
      await stream.ended;
    } catch {
      // The gateway is being restarted.
      await pause(20);
    }
  }
}

export async function readWs(
  course: Course,
  ledger: Ledger,
  random: Random,
  mean: number,
): Promise<void> {
  const { topic } = course;
  let last = "earliest";
  while (!ledger.isWhole(course)) {
    let left = budget(random, mean);
    try {
      const ws = await openWs(
        `${course.url.replace("http", "ws")}/v1/ws`,
        ({ op, events, position, problem }) => {
          if (left <= 0) return;
          if (op === "reset") ledger.problem(`a reset to ${position}`);
          if (op === "error" && problem.status < 500) ledger.problem(JSON.stringify(problem));
          if (op === "error" || op === "closed") left = 0;
          for (const event of events ?? []) {
            ledger.take(event.data);
            last = event.position;
            if (--left > 0) continue;
            ledger.cuts++;
            break;
          }
          if (left > 0 && events !== undefined) last = position;
          if (left <= 0 || ledger.isWhole(course)) ws.cut();
        },
      );
      ws.say({ op: "subscribe", topic, after: last });
      await ws.closed;
    } catch {
      await pause(20);
    }
  }
}

export async function readPages(
  course: Course,
  ledger: Ledger,
  random: Random,
  mean: number,
): Promise<void> {
  let last = "earliest";
  while (!ledger.isWhole(course)) {
    const cut = new AbortController();
    if (random.chance(0.6)) setTimeout(() => cut.abort(), random.int(4));
    try {
      const query = `after=${last}&limit=${Math.min(1000, budget(random, mean))}`;
      const response = await fetch(`${course.url}/v1/topics/${course.topic}/records?${query}`, {
        signal: cut.signal,
      });
      const text = await response.text();
      const page = JSON.parse(text);
      if (response.status === 200) {
        for (const { data, position } of page.events) {
          ledger.take(data);
          last = position;
        }
        if (page.events.length === 0) await pause(10);
      } else if (response.status < 500) ledger.problem(text);
      else await pause(20);
    } catch {
      if (cut.signal.aborted) ledger.cuts++;
      else await pause(20);
    }
  }
}
