/**
 * A gateway under load: about 1,000 events a second of all kinds, while a test looks at something else.
 * Records of two topics, the lifecycles of an app of which some stay incomplete, measurements of twenty
 * tags, and four emitters whose guests write.
 */

import { SimulatedMessages } from "../../src/cli/simulate/lifecycles-messages.ts";
import { createRandom } from "../../src/cli/simulate/random.ts";
import { sampleStages } from "../../src/features/lifecycle/sample-events.ts";
import type { GatewayProcess } from "./gateway.ts";
import { ask } from "./http.ts";
import { pause } from "./until.ts";

export const loadTopics = ["load.orders", "load.shipped"] as const;
const loadApp = "load-shop";

const recordsPerSecond = 500;
const lifecycleEventsPerSecond = 200;
const measurementsPerSecond = 200;
const guests = 4;
const eventsPerSecondOfGuest = 25;
const tags = 20;
/** Of what is posted: below it the test has seen no gateway under load. */
const perSecondMin = 450;
const turnMs = 50;
/** After a standstill a turn catches up with no more than these of each kind. */
const turnMax = 1000;

export interface Load {
  /** Throws what it met: a refusal, or that fewer than half of the events were taken. */
  stop(): Promise<void>;
}

/** It runs when this resolves. `key`: of a closed gateway, with all grants. */
export async function startLoad({ url }: Pick<GatewayProcess, "url">, key?: string): Promise<Load> {
  const credential = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const send = async (method: string, path: string, body: string, type = "application/json") => {
    const headers = { ...credential, "content-type": type };
    const { status, text } = await ask(method, url + path, { headers, body });
    if (status < 200 || status > 201) throw new Error(`Load: ${method} ${path}: ${status} ${text}`);
  };
  const run = Date.now().toString(36);
  const settings = JSON.stringify({ expected: sampleStages, deadline_ms: 5000 });
  await send("PUT", `/v1/apps/${loadApp}`, settings);
  const emitters = Array.from({ length: guests }, (_, n) => `/log/load-${run}-${n}`);
  for (const path of emitters) {
    await send("PUT", path, JSON.stringify({ rate: eventsPerSecondOfGuest }));
  }

  const events = new Events(run);
  const startedMs = performance.now();
  let isStopped = false;
  let sent = 0;
  /** Up to the last turn. */
  let seconds = 0;
  const turn = async () => {
    seconds = (performance.now() - startedMs) / 1000;
    const requests = events.take(seconds);
    await Promise.all(requests.map(({ path, body, type }) => send("POST", path, body, type)));
    sent += requests.reduce((sum, { count }) => sum + count, 0);
  };
  await pause(turnMs);
  await turn();
  const running = repeat(turn, () => isStopped);
  // It is thrown by `stop`.
  running.catch(() => {});
  return {
    async stop() {
      isStopped = true;
      await running;
      for (const path of emitters) await send("DELETE", path, "");
      if (sent / seconds >= perSecondMin) return;
      const said = `${Math.round(sent / seconds)} events/s for ${seconds.toFixed(1)} s`;
      throw new Error(`The load was ${said}, expected at least ${perSecondMin}`);
    },
  };
}

async function repeat(turn: () => Promise<void>, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await turn();
    await pause(turnMs);
  }
}

interface Posted {
  readonly path: string;
  readonly body: string;
  readonly type?: string;
  /** Events in it. */
  readonly count: number;
}

/** What is due, by the time that has passed. */
class Events {
  readonly #run: string;
  readonly #messages: SimulatedMessages;
  #records = 0;
  #measurements = 0;

  constructor(run: string) {
    this.#run = run;
    this.#messages = new SimulatedMessages(
      {
        ...{ appId: loadApp, prefix: run, rate: lifecycleEventsPerSecond },
        ...{ ids: 0, missing: 0.02, duplicates: 0.02 },
      },
      createRandom(1),
      Date.now(),
    );
  }

  take(seconds: number): readonly Posted[] {
    const records = due(seconds * recordsPerSecond - this.#records);
    const measurements = due(seconds * measurementsPerSecond - this.#measurements);
    const topic = loadTopics[Math.floor(this.#records / 100) % loadTopics.length];
    const posted: readonly Posted[] = [
      { path: `/v1/topics/${topic}/records`, count: records, body: this.#list(records) },
      {
        ...{ path: "/save", count: measurements, body: this.#lines(measurements) },
        type: "application/x-ndjson",
      },
      this.#lifecycles(),
    ];
    return posted.filter(({ count }) => count > 0);
  }

  #list(count: number): string {
    const record = () => ({ message_id: `${this.#run}-${this.#records++}` });
    return JSON.stringify(Array.from({ length: count }, record));
  }

  #lifecycles(): Posted {
    const events = this.#messages.take(Date.now());
    return { path: "/api/event/bulk", count: events.length, body: JSON.stringify({ events }) };
  }

  #lines(count: number): string {
    const nowMs = Date.now();
    return Array.from({ length: count }, (_, at) => {
      const n = this.#measurements++;
      const time = `${nowMs}${String(at).padStart(6, "0")}`;
      return `{"time":${time},"tag":"load-${n % tags}","values":[${n % 97},${n}]}`;
    }).join("\n");
  }
}

function due(count: number): number {
  return Math.min(turnMax, Math.max(0, Math.floor(count)));
}
