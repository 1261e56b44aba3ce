/** `sluice simulate lifecycles`: messages on their way through six stages, not all of which arrive. */
import { parseArgs } from "node:util";
import { sleep, systemClock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { sampleStages, type SampleEvent } from "../../features/lifecycle/sample-events.ts";
import { gatewayUrl, number, secondsMax, wholeNumber } from "../args.ts";
import type { Command } from "../command.ts";
import { ask } from "../gateway.ts";
import { Progress } from "../progress.ts";
import { isRetryable, retryPauseMs } from "../retry.ts";
import { Lives, type LivesOptions } from "./lives.ts";
import { createRandom } from "./random.ts";

/** Events are gathered for so long: a call of hundreds costs little more than one of one. */
const gatherMs = 50;
const eventsPerCall = 5000;

export const lifecycles: Command = {
  summary: "messages and the events of their lives",
  usage: `sluice simulate lifecycles [--rate 100] [--ids 0] [--app demo] [--missing 0.05]
                           [--duplicates 0.05] [--deadline 5] [--seconds 0] [--seed 1]
                           [--url http://localhost:9000]

Sends --rate events a second of messages that pass six stages. Of each hundred messages some never
reach the last (--missing), of each hundred events some are told twice (--duplicates). The app is
made to expect all six within --deadline seconds. Ends after --ids messages (0: none is the last),
after --seconds, or with Ctrl-C.`,
  async run(runtime, args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rate: { type: "string", default: "100" },
        ids: { type: "string", default: "0" },
        app: { type: "string", default: "demo" },
        missing: { type: "string", default: "0.05" },
        duplicates: { type: "string", default: "0.05" },
        deadline: { type: "string", default: "5" },
        seconds: { type: "string", default: "0" },
        seed: { type: "string", default: "1" },
        url: { type: "string", default: "http://localhost:9000" },
      },
    });
    await simulateLifecycles(runtime, {
      url: gatewayUrl(values.url),
      seconds: number("seconds", values.seconds, 0, secondsMax),
      seed: wholeNumber("seed", values.seed, 0, 2 ** 32 - 1),
      deadlineMs: Math.round(number("deadline", values.deadline, 0.001, 86_400) * 1000),
      lives: {
        appId: values.app,
        prefix: Date.now().toString(36),
        rate: number("rate", values.rate, 0.01, 100_000),
        ids: wholeNumber("ids", values.ids, 0, 1e9),
        missing: number("missing", values.missing, 0, 1),
        duplicates: number("duplicates", values.duplicates, 0, 1),
      },
    });
  },
};

interface Simulation {
  readonly url: string;
  readonly seconds: number;
  readonly seed: number;
  readonly deadlineMs: number;
  readonly lives: LivesOptions;
}

async function simulateLifecycles(runtime: Runtime, simulation: Simulation): Promise<void> {
  const { url, seconds, seed, deadlineMs, lives: options } = simulation;
  const { appId } = options;
  const path = `/v1/apps/${encodeURIComponent(appId)}`;
  await ask(url, "PUT", path, { expected: sampleStages, deadline_ms: deadlineMs });
  runtime.print(`watch them: curl -N ${url}/sse/apps/${encodeURIComponent(appId)}/messages\n`);

  const stop = new AbortController();
  runtime.onStop(() => stop.abort());
  if (seconds > 0) setTimeout(() => stop.abort(), seconds * 1000);
  const progress = new Progress(runtime);
  const lives = new Lives(options, createRandom(seed), Date.now());
  const run = crypto.randomUUID();
  let calls = 0;
  let sent = 0;
  let shownMs = 0;
  while (!stop.signal.aborted && !lives.isOver) {
    const due = lives.take(Date.now());
    for (let from = 0; from < due.length; from += eventsPerCall) {
      const events = due.slice(from, from + eventsPerCall);
      await send(url, events, `${run}-${++calls}`, stop.signal);
      sent += events.length;
    }
    if (Date.now() - shownMs >= 1000) {
      shownMs = Date.now();
      progress.line(`${sent} events of ${lives.started} messages`);
    }
    await sleep(systemClock, gatherMs, stop.signal);
  }
  progress.line("");
  runtime.print(`\r${sent} events of ${lives.started} messages of app ${appId}\n`);
  // The stop signals are this command's own: nothing else ends the process.
  runtime.exit(0);
}

/** Until they are taken; the key makes it harmless that a call whose answer was lost comes twice. */
async function send(
  url: string,
  events: readonly SampleEvent[],
  key: string,
  signal: AbortSignal,
): Promise<void> {
  for (let attempts = 0; ; attempts++) {
    try {
      await ask(url, "POST", "/api/event/bulk", { events }, { "idempotency-key": key });
      return;
    } catch (error) {
      const failure = failureFrom(error);
      if (!isRetryable(failure)) throw failure;
      await sleep(systemClock, retryPauseMs(attempts, failure), signal);
      if (signal.aborted) throw stopped(failure);
    }
  }
}

function stopped(last: Failure): Failure {
  return new Failure(last.code, `Stopped before all events were taken: ${last.message}`);
}
