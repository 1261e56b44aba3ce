/** `sluice watch`: what is appended, live. */

import { type From, SluiceError, type Target } from "../client/index.ts";
import { sleep, systemClock } from "../core/clock.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { command } from "./command/command.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { gatewayOptions } from "./gateway/options.ts";
import { failureFromClient } from "./gateway/request.ts";
import {
  optionalTopic,
  readOptions,
  startFrom,
  targetFrom,
  targetName,
  targetOptions,
} from "./gateway/target-options.ts";
import { type Interruption, listenForStop } from "./terminal/interruption.ts";
import { counted } from "./terminal/listing.ts";

const absentMs = 500;

export const watch = command({
  name: "watch",
  summary: "print what is appended to a topic or an emitter, live",
  description: `Prints each record as one line: JSON as it was appended, other bytes as {"base64":"..."}. It
reconnects after its last position, waits for a topic that does not exist yet, and ends with Ctrl-C
or with the emitter. \`sluice consume\` decodes records by their schemas.`,
  arguments: { topic: optionalTopic },
  options: {
    ...targetOptions,
    ...readOptions,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice watch orders --tail 10",
      isLive: true,
      prints: ['{"order":1,"total":"12.50"}'],
    },
    {
      line: "sluice watch --emitter web-1 --after earliest --limit 1",
      prints: ['{"level":"info","message":"listening"}'],
    },
  ],
  async run(runtime, { url, after, tail, limit, ...given }) {
    const target = targetFrom(given);
    const from = startFrom(after, tail);
    const interruption = listenForStop(runtime);
    await printEvents(runtime, { url, target, from, limit, interruption });
    return interruption.exitCode(limit === 0);
  },
});

interface Watching {
  readonly url: Gateway;
  readonly target: Target;
  readonly from: From;
  /** 0: without end. */
  readonly limit: number;
  readonly interruption: Interruption;
}

async function printEvents(
  runtime: Runtime,
  { url, target, from, limit, interruption: { stop } }: Watching,
): Promise<void> {
  const report = (line: string) => runtime.logLine(`${line}\n`);
  let isOpen = false;
  const client = url.client({
    onRetry(error, delayMs) {
      // A gateway that never responded is a wrong address more often than one that restarts.
      if (!isOpen) throw failureFromClient(url, error);
      report(`Cut off: ${error.message}. Again in ${(delayMs / 1000).toFixed(1)} s`);
    },
  });
  let printed = 0;
  let start = from;
  let position: string | undefined;
  for (let waits = false; !stop.aborted;) {
    const subscription = client.subscribe(target, {
      from: start,
      signal: stop,
      onReset: (reset) =>
        report(`Records are missing: ${reset.reason}. Reading on at ${reset.position}`),
    });
    try {
      await subscription.ready();
      isOpen = true;
      for await (const event of subscription) {
        runtime.print(`${event.text}\n`);
        printed++;
        ({ position } = event);
        if (printed === limit || stop.aborted) break;
      }
      if (subscription.ended) report(`The ${targetName(target)} has ended`);
      break;
    } catch (error) {
      if (!isAbsentTopic(error, target)) throw failureFromClient(url, error);
      isOpen = true;
      if (!waits) report(`There is no topic ${target.topic ?? ""} yet: waiting for it`);
      waits = true;
      // The first records of a topic that is created now are all of it.
      start = "earliest";
      await sleep(systemClock, absentMs, stop);
    }
  }
  const more = position === undefined ? "" : `; go on with --after ${position}`;
  report(`${counted(printed, "record")}${more}`);
}

function isAbsentTopic(error: unknown, { topic }: Target): boolean {
  return topic !== undefined && error instanceof SluiceError && error.code === "not_found";
}
