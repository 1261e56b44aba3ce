/** `sluice bench query`: how fast answers are, and how far behind, while measurements are written. */

import { command } from "../../src/cli/command/command.ts";
import { choice, number, wholeNumber } from "../../src/cli/command/parameters.ts";
import { UsageError } from "../../src/cli/command/usage-error.ts";
import { Gateway } from "../../src/cli/gateway/gateway.ts";
import { jsonOption } from "../../src/cli/gateway/options.ts";
import { profileNames } from "../../src/cli/simulate/measurements-profile.ts";
import { apiKeyOption, logOption, urlOption } from "../shared-options.ts";

export const query = command({
  name: "query",
  summary: "queries while measurements are written",
  description: `Writes --rate measurements a second, as simulate measurements does, while --clients query /api for
--queries random ranges a second of the 100 most frequent tags, and one more writes a measurement and
reads it back at once. In the end the store is counted, and --verify answers are compared with what
follows from the raw data. Exits with 1 when anything was refused, lost or wrong.`,
  arguments: {},
  options: {
    rate: number({
      doc: "measurements a second",
      value: "N",
      default: "10000",
      min: 1,
      max: 1_000_000,
    }),
    seconds: number({
      doc: "how long it writes (default 10, or what the profile takes)",
      value: "N",
      min: 0,
      max: 86_400,
    }),
    profile: choice({ doc: "the course of the rate", default: "steady", choices: profileNames }),
    tags: wholeNumber({ doc: "tags", value: "N", default: "10000", min: 1, max: 99_999 }),
    clients: wholeNumber({ doc: "clients", value: "N", default: "10", min: 1, max: 1000 }),
    queries: number({
      doc: "queries a second of all clients together",
      value: "N",
      default: "10",
      min: 0.1,
      max: 10_000,
    }),
    preload: wholeNumber({
      doc: "measurements of the last 23.5 hours that are in the store before, written past the log",
      value: "N",
      default: "0",
      min: 0,
      max: 1e9,
    }),
    verify: wholeNumber({
      doc: "answers that are compared with the raw data",
      value: "N",
      default: "10",
      min: 0,
      max: 10_000,
    }),
    log: logOption,
    json: jsonOption,
    url: urlOption,
    "api-key": apiKeyOption,
  },
  examples: [
    { line: "sluice bench query --profile minute-peak", notRun: "it measures for minutes" },
  ],
  async run(runtime, options) {
    const { url, apiKey, preload, profile, seconds = profile === "steady" ? 10 : 0 } = options;
    if (url !== undefined && preload > 0) {
      throw new UsageError(
        "Cannot use --preload with --url: it writes into the gateway's own store",
      );
    }
    const { benchQuery } = await import("./query.ts");
    const gateway = url === undefined ? undefined : new Gateway(url, apiKey);
    await benchQuery(runtime, { ...options, gateway, seconds });
  },
});
