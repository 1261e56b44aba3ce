/** `sluice bench access`: what it costs that each call brings a credential. */

import { command } from "../../src/cli/command/command.ts";
import { wholeNumber } from "../../src/cli/command/parameters.ts";
import { jsonOption } from "../../src/cli/gateway/options.ts";
import { logOption } from "../shared-options.ts";

export const access = command({
  name: "access",
  summary: "calls with a credential, beside the same calls without",
  description: `Starts two gateways, one of them closed, and sends both the same by turns: records in client streams,
records in unary calls and subscriptions to a topic over gRPC, measurements and events over HTTP. The closed one gets a
key with each call. Between them a bare HTTP/2 server shows whether the machine is quiet. Exits with 1 when a record was
lost.`,
  arguments: {},
  options: {
    rounds: wholeNumber({
      doc: "turns of each gateway",
      value: "N",
      default: "5",
      min: 1,
      max: 100,
    }),
    records: wholeNumber({
      doc: "records in client streams, each turn",
      value: "N",
      default: "500000",
      min: 1000,
      max: 1e9,
    }),
    calls: wholeNumber({
      doc: "unary calls, each turn",
      value: "N",
      default: "50000",
      min: 1000,
      max: 1e9,
    }),
    subscribers: wholeNumber({
      doc: "subscriptions, each turn",
      value: "N",
      default: "200",
      min: 1,
      max: 5000,
    }),
    events: wholeNumber({
      doc: "records that each of them gets",
      value: "N",
      default: "300",
      min: 1,
      max: 1e6,
    }),
    seconds: wholeNumber({
      doc: "length of each load over HTTP, each turn",
      value: "N",
      default: "5",
      min: 1,
      max: 3600,
    }),
    log: logOption,
    json: jsonOption,
  },
  examples: [{ line: "sluice bench access --rounds 9", notRun: "it measures for minutes" }],
  async run(runtime, options) {
    const { benchAccess } = await import("./access.ts");
    await benchAccess(runtime, options);
  },
});
