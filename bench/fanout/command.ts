/** `sluice bench fanout`: what it costs to bring every event to many subscribers. */

import { command } from "../../src/cli/command/command.ts";
import { choice, number, wholeNumber } from "../../src/cli/command/parameters.ts";
import { Gateway } from "../../src/cli/gateway/gateway.ts";
import { jsonOption } from "../../src/cli/gateway/options.ts";
import { apiKeyOption, logOption, pidOption, urlOption } from "../shared-options.ts";
import { eventBytesMin } from "./stamp.ts";

export const fanout = command({
  name: "fanout",
  summary: "one topic, many subscribers",
  description: `Opens --subscribers, publishes --events of --bytes at --rate a second, --batch a request, and reports
what it cost and how long it took, beside a bare loop on the same machine that only writes the same
bytes: the floor, measured before and after. Exits with 1 when an event was lost or came twice.`,
  arguments: {},
  options: {
    subscribers: wholeNumber({
      doc: "subscribers",
      value: "N",
      default: "1000",
      min: 1,
      max: 100_000,
    }),
    events: wholeNumber({ doc: "events", value: "N", default: "1000", min: 1, max: 100_000_000 }),
    rate: number({ doc: "events a second", value: "N", default: "50", min: 0.001, max: 1e9 }),
    batch: wholeNumber({
      doc: "events of a request",
      value: "N",
      default: "1",
      min: 1,
      max: 10_000,
    }),
    bytes: wholeNumber({
      doc: "of an event",
      value: "N",
      default: "200",
      min: eventBytesMin,
      max: 1_000_000,
    }),
    transport: choice({ doc: "of the subscribers", default: "sse", choices: ["sse", "ws"] }),
    slow: wholeNumber({
      doc: "as many more subscribers that never read",
      value: "N",
      default: "0",
      min: 0,
      max: 100_000,
    }),
    idle: wholeNumber({
      doc: "open N subscribers, publish nothing, report the memory that each costs",
      value: "N",
      min: 1,
      max: 100_000,
    }),
    log: logOption,
    json: jsonOption,
    url: urlOption,
    "api-key": apiKeyOption,
    pid: pidOption,
  },
  examples: [
    { line: "sluice bench fanout --subscribers 5000 --rate 20", notRun: "it measures for minutes" },
  ],
  async run(runtime, { subscribers, slow, idle, events, rate, batch, bytes, ...options }) {
    const { url, apiKey } = options;
    const { benchFanout } = await import("./fanout.ts");
    await benchFanout(runtime, {
      load: idle === undefined ? { subscribers, slow } : { subscribers: idle, slow: 0 },
      schedule: { events, rate, batch, bytes },
      idle: idle !== undefined,
      gateway: url === undefined ? undefined : new Gateway(url, apiKey),
      ...options,
    });
  },
});

/** The process that `fanout` starts for its subscribers. */
export const load = command({
  name: "load",
  summary: "the subscribers of fanout",
  isInternal: true,
  arguments: {},
  options: {},
  examples: [],
  async run() {
    const { runLoad } = await import("./load.ts");
    await runLoad();
  },
});
