/** `sluice bench soak`: whether memory stays where it is over time. */

import { command } from "../../src/cli/command/command.ts";
import { number, wholeNumber } from "../../src/cli/command/parameters.ts";
import { UsageError } from "../../src/cli/command/usage-error.ts";
import { jsonOption } from "../../src/cli/gateway/options.ts";
import { logOption } from "../shared-options.ts";

export const soak = command({
  name: "soak",
  summary: "memory over time, under everything at once",
  description: `Starts a gateway and uses it for --minutes: --subscribers receive --events a second over SSE, and each
closes its connection every --reconnect seconds and resumes; simulators send measurements, lifecycle
events and biometrics. Reports the resident memory, its growth after --warm-up, and the objects that
became more. Exits with 1 when an event was lost or came twice, or when memory grew by more than
--slope-max. Needs a system with /proc.`,
  arguments: {},
  options: {
    minutes: number({ doc: "how long", value: "N", default: "30", min: 0.1, max: 10_000 }),
    "warm-up": number({
      doc: "minutes in which memory may grow",
      value: "N",
      default: "10",
      min: 0,
      max: 10_000,
    }),
    "slope-max": number({
      doc: "growth allowed afterwards, in MB a minute",
      value: "N",
      default: "0.1",
      min: 0,
      max: 1000,
    }),
    subscribers: wholeNumber({ doc: "subscribers", value: "N", default: "500", min: 1, max: 5000 }),
    reconnect: number({
      doc: "seconds of a connection",
      value: "N",
      default: "9",
      min: 0.1,
      max: 86_400,
    }),
    events: number({ doc: "events a second", value: "N", default: "50", min: 0.1, max: 10_000 }),
    measurements: wholeNumber({
      doc: "measurements a second",
      value: "N",
      default: "1500",
      min: 0,
      max: 100_000,
    }),
    lifecycle: wholeNumber({
      doc: "lifecycle events a second",
      value: "N",
      default: "100",
      min: 0,
      max: 100_000,
    }),
    watches: wholeNumber({
      doc: "watches that stream a record a second each",
      value: "N",
      default: "50",
      min: 0,
      max: 10_000,
    }),
    log: logOption,
    json: jsonOption,
  },
  examples: [{ line: "sluice bench soak --minutes 120", notRun: "it measures for hours" }],
  async run(runtime, { minutes, reconnect, log, json, ...options }) {
    const { warmUp: warmUpMinutes, slopeMax, ...load } = options;
    if (warmUpMinutes >= minutes) {
      throw new UsageError(`Cannot use --warm-up ${warmUpMinutes}: expected less than --minutes`);
    }
    const { benchSoak } = await import("./soak.ts");
    await benchSoak(runtime, {
      load: { reconnectSeconds: reconnect, ...load },
      ...{ minutes, warmUpMinutes, slopeMax, log, json },
    });
  },
});
