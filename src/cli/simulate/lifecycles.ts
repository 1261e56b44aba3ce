/** `sluice simulate lifecycles`: messages that pass six stages; not all of them arrive. */

import { sleep, systemClock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import { type SampleEvent, sampleStages } from "../../features/lifecycle/sample-events.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { command } from "../command/command.ts";
import { number, seconds, text, wholeNumber } from "../command/parameters.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { gatewayOptions, jsonOption } from "../gateway/options.ts";
import { request } from "../gateway/request.ts";
import { isRetryable, retryPauseMs } from "../gateway/retry.ts";
import { listenForStop } from "../terminal/interruption.ts";
import { counted, printJson } from "../terminal/listing.ts";
import { Progress } from "../terminal/progress.ts";
import { type MessagesOptions, SimulatedMessages } from "./lifecycles-messages.ts";
import { createRandom } from "./random.ts";
import { seedOption } from "./seed-option.ts";

/** How long events are gathered: a call with hundreds costs little more than one with one. */
const gatherMs = 50;
const eventsPerCall = 5000;

export const lifecycles = command({
  name: "lifecycles",
  summary: "messages and the events of their lifecycles",
  description: `Sends --rate events a second of messages that pass six stages. Of each hundred messages some never
reach the last (--missing), of each hundred events some are sent twice (--duplicates). The app is
configured to expect all six within --deadline seconds. Ends after --ids messages (0: no end), after
--seconds, or with Ctrl-C.`,
  arguments: {},
  options: {
    rate: number({
      doc: "events a second",
      value: "N",
      default: "100",
      min: 0.01,
      max: 100_000,
    }),
    ids: wholeNumber({
      doc: "end after N messages; 0 sets no end",
      value: "N",
      default: "0",
      min: 0,
      max: 1e9,
    }),
    app: text({ doc: "app_id of the events", value: "APP", default: "demo" }),
    missing: number({
      doc: "share of messages that never arrive",
      value: "SHARE",
      default: "0.05",
      min: 0,
      max: 1,
    }),
    duplicates: number({
      doc: "share of events that are sent twice",
      value: "SHARE",
      default: "0.05",
      min: 0,
      max: 1,
    }),
    deadline: number({
      doc: "seconds after which a missing event is overdue",
      value: "SECONDS",
      default: "5",
      min: 0.001,
      max: 86_400,
    }),
    seconds: seconds("end after so long; 0 waits for --ids or Ctrl-C"),
    seed: seedOption,
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice simulate lifecycles --rate 1000 --ids 100",
      prints: ["events of 100 messages of app demo"],
    },
  ],
  async run(runtime, { url, seconds: time, seed, json, deadline, app, ...messages }) {
    return await simulateLifecycles(runtime, {
      ...{ url, seconds: time, seed, json },
      deadlineMs: Math.round(deadline * 1000),
      messages: { appId: app, prefix: Date.now().toString(36), ...messages },
    });
  },
});

interface Simulation {
  readonly url: Gateway;
  readonly seconds: number;
  readonly seed: number;
  readonly json: boolean;
  readonly deadlineMs: number;
  readonly messages: MessagesOptions;
}

async function simulateLifecycles(runtime: Runtime, simulation: Simulation): Promise<number> {
  const { url, seed, json, deadlineMs, messages: options } = simulation;
  const { appId } = options;
  const path = `/v1/apps/${encodeURIComponent(appId)}`;
  await request(url, "PUT", path, { expected: sampleStages, deadline_ms: deadlineMs });
  if (!json) {
    runtime.print(
      `watch them: curl -N ${url.url}/sse/apps/${encodeURIComponent(appId)}/messages\n`,
    );
  }

  const interruption = listenForStop(runtime, simulation);
  const { stop } = interruption;
  const progress = new Progress(runtime);
  const messages = new SimulatedMessages(options, createRandom(seed), Date.now());
  const run = crypto.randomUUID();
  let calls = 0;
  let sent = 0;
  let shownMs = 0;
  while (!stop.aborted && !messages.isOver) {
    const due = messages.take(Date.now());
    for (let from = 0; from < due.length; from += eventsPerCall) {
      const events = due.slice(from, from + eventsPerCall);
      await send(url, events, `${run}-${++calls}`, stop);
      sent += events.length;
    }
    if (Date.now() - shownMs >= 1000) {
      shownMs = Date.now();
      progress.line(summaryOf(sent, messages.started));
    }
    await sleep(systemClock, gatherMs, stop);
  }
  progress.clear();
  if (json) printJson(runtime, { app_id: appId, events: sent, messages: messages.started });
  else runtime.print(`${summaryOf(sent, messages.started)} of app ${appId}\n`);
  return interruption.exitCode(simulation.seconds === 0 && options.ids === 0);
}

/** Retries until they are accepted; the key makes it harmless to repeat a call whose answer was lost. */
async function send(
  url: Gateway,
  events: readonly SampleEvent[],
  key: string,
  signal: AbortSignal,
): Promise<void> {
  for (let attempts = 0; ; attempts++) {
    try {
      await request(url, "POST", "/api/event/bulk", { events }, { "idempotency-key": key });
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
  return new Failure(last.code, `Stopped before all events were accepted: ${last.message}`);
}

function summaryOf(events: number, messages: number): string {
  return `${counted(events, "event")} of ${counted(messages, "message")}`;
}
