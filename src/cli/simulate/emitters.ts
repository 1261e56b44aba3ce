/** `sluice simulate emitters`: emitters whose guests write, and how many events arrive. */
import { parseArgs } from "node:util";
import type { Runtime } from "../../runtime/runtime.ts";
import { gatewayUrl, number, secondsMax, wholeNumber } from "../args.ts";
import type { Command } from "../command.ts";
import { ask } from "../gateway.ts";
import { Progress } from "../progress.ts";

const createdAtOnce = 32;

export const emitters: Command = {
  summary: "emitters with guests that write a log",
  usage: `sluice simulate emitters [--count 10] [--rate 2] [--prefix demo] [--seconds 0] [--keep]
                          [--url http://localhost:9000]

Makes emitters whose guests write a log of --rate events a second each, and shows how many events
arrive. Ends after --seconds, or with Ctrl-C; the emitters are ended then unless --keep is given.`,
  async run(runtime, args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: "string", default: "10" },
        rate: { type: "string", default: "2" },
        prefix: { type: "string", default: `demo-${Date.now().toString(36)}` },
        seconds: { type: "string", default: "0" },
        keep: { type: "boolean", default: false },
        url: { type: "string", default: "http://localhost:9000" },
      },
    });
    await simulateEmitters(runtime, {
      url: gatewayUrl(values.url),
      ids: Array.from(
        { length: wholeNumber("count", values.count, 1, 100_000) },
        (_, i) => `${values.prefix}-${i + 1}`,
      ),
      rate: number("rate", values.rate, 0.001, 1000),
      seconds: number("seconds", values.seconds, 0, secondsMax),
      keep: values.keep,
    });
  },
};

interface Simulation {
  readonly url: string;
  readonly ids: readonly string[];
  readonly rate: number;
  readonly seconds: number;
  readonly keep: boolean;
}

interface Status {
  readonly emitters: { readonly made: number };
}

async function simulateEmitters(runtime: Runtime, simulation: Simulation): Promise<void> {
  const { url, ids, rate, seconds, keep } = simulation;
  const progress = new Progress(runtime);
  const stop = new AbortController();
  runtime.onStop(() => stop.abort());
  if (seconds > 0) setTimeout(() => stop.abort(), seconds * 1000);

  const made: string[] = [];
  await forEachOf(ids, stop.signal, async (id) => {
    await ask(url, "PUT", `/log/${id}`, { rate });
    made.push(id);
    progress.show("making emitters", made.length, ids.length);
  });
  runtime.print(
    `${made.length} emitters of ${rate} events/s; watch one: curl -N ${url}/sse/log/${made[0]}\n`,
  );
  await showRate(url, progress, stop.signal);
  if (keep) return;
  let ended = 0;
  await forEachOf(made, undefined, async (id) => {
    await ask(url, "DELETE", `/log/${id}`);
    progress.show("ending emitters", ++ended, made.length);
  });
  // The stop signals are this command's own: nothing else ends the process.
  runtime.exit(0);
}

async function showRate(url: string, progress: Progress, signal: AbortSignal): Promise<void> {
  let last = { atMs: Date.now(), made: (await ask<Status>(url, "GET", "/status")).emitters.made };
  const first = last;
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000);
      signal.addEventListener(
        "abort",
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
    const { made } = (await ask<Status>(url, "GET", "/status")).emitters;
    const atMs = Date.now();
    const perSecond = ((made - last.made) * 1000) / Math.max(1, atMs - last.atMs);
    progress.line(
      `${made - first.made} events, ${perSecond.toFixed(1)}/s on the node that answers`,
    );
    last = { atMs, made };
  }
  progress.line("");
}

/** Some at once, until all are done or the signal aborts. */
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
  await Promise.all(Array.from({ length: createdAtOnce }, worker));
}
