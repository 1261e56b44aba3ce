/** `sluice simulate emitters`: emitters whose guests write, and how many events arrive. */

import { sleep, systemClock } from "../../core/clock.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { command } from "../command/command.ts";
import { flag, number, seconds, text, wholeNumber } from "../command/parameters.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { gatewayOptions, jsonOption } from "../gateway/options.ts";
import { request } from "../gateway/request.ts";
import { listenForStop } from "../terminal/interruption.ts";
import { counted, printJson } from "../terminal/listing.ts";
import { Progress } from "../terminal/progress.ts";

const requestsAtOnce = 32;
const countEveryMs = 1000;
/** Counting costs a request for each emitter: of more than these a sample is counted. */
const sampleMax = 200;

export const emitters = command({
  name: "emitters",
  summary: "emitters with guests that write a log",
  description: `Creates emitters whose guests write a log of --rate events a second each, and counts their events.
Ends after --seconds, or with Ctrl-C; the emitters are ended then unless --keep is given.`,
  arguments: {},
  options: {
    count: wholeNumber({ doc: "emitters", value: "N", default: "10", min: 1, max: 100_000 }),
    rate: number({
      doc: "events a second of each",
      value: "N",
      default: "2",
      min: 0.001,
      max: 1000,
    }),
    prefix: text({ doc: "of their ids; unique to the run by default", value: "TEXT" }),
    seconds: seconds("end after so long; 0 waits for Ctrl-C"),
    keep: flag("leave the emitters running"),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice simulate emitters --count 2 --rate 5 --seconds 1",
      prints: ["2 emitters of 5 events/s", "2 emitters, … events"],
    },
  ],
  async run(runtime, { count, prefix = `demo-${Date.now().toString(36)}`, ...given }) {
    const ids = Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`);
    return await simulateEmitters(runtime, { ids, ...given });
  },
});

interface Simulation {
  readonly url: Gateway;
  readonly ids: readonly string[];
  readonly rate: number;
  readonly seconds: number;
  readonly keep: boolean;
  readonly json: boolean;
}

async function simulateEmitters(runtime: Runtime, simulation: Simulation): Promise<number> {
  const { url, ids, rate, keep, json } = simulation;
  const progress = new Progress(runtime);
  const interruption = listenForStop(runtime, simulation);
  const { stop } = interruption;

  const created: string[] = [];
  await forEachOf(ids, stop, async (id) => {
    await request(url, "PUT", `/log/${id}`, { rate });
    created.push(id);
    progress.show("creating emitters", created.length, ids.length);
  });
  if (!json) {
    const many = `${counted(created.length, "emitter")} of ${rate} events/s`;
    runtime.print(`${many}; watch one: sluice watch --emitter ${created[0]}\n`);
  }
  await showRate(url, created, progress, stop);
  const events = await countEvents(url, created);
  if (json) printJson(runtime, { emitters: created.length, events });
  else runtime.print(`${counted(created.length, "emitter")}, ${counted(events, "event")}\n`);
  if (!keep) {
    let ended = 0;
    await forEachOf(created, undefined, async (id) => {
      await request(url, "DELETE", `/log/${id}`);
      progress.show("ending emitters", ++ended, created.length);
    });
  }
  return interruption.exitCode(simulation.seconds === 0);
}

async function showRate(
  url: Gateway,
  ids: readonly string[],
  progress: Progress,
  stop: AbortSignal,
): Promise<void> {
  const sample = ids.slice(0, sampleMax);
  const scale = ids.length / sample.length;
  let last = { atMs: performance.now(), events: 0 };
  while (!stop.aborted) {
    await sleep(systemClock, countEveryMs, stop);
    if (stop.aborted) break;
    const events = Math.round((await countEvents(url, sample)) * scale);
    const atMs = performance.now();
    const perSecond = ((events - last.events) * 1000) / (atMs - last.atMs);
    const about = scale > 1 ? "about " : "";
    progress.line(`${about}${counted(events, "event")}, ${perSecond.toFixed(1)}/s`);
    last = { atMs, events };
  }
  progress.clear();
}

/** Events of these emitters alone: others may write as well. */
async function countEvents(url: Gateway, ids: readonly string[]): Promise<number> {
  let total = 0;
  await forEachOf(ids, undefined, async (id) => {
    const { events } = await request<{ events: number }>(url, "GET", `/v1/emitters/${id}`);
    total += events;
  });
  return total;
}

/** Runs several at once, until all are done or the signal aborts. */
async function forEachOf(
  ids: readonly string[],
  signal: AbortSignal | undefined,
  work: (id: string) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < ids.length && !signal?.aborted) {
      const id = ids[next++];
      if (id !== undefined) await work(id);
    }
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, worker));
}
