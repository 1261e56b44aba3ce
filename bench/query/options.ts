/** What is to be measured, from the command line. */
import { parseArgs } from "node:util";
import { gatewayUrl, number, oneOf, wholeNumber } from "../../src/cli/args.ts";
import { UsageError } from "../../src/cli/command.ts";
import { profileNames, type ProfileName } from "../../src/cli/simulate/measurements-profile.ts";
import type { LogChoice } from "../program.ts";

export interface QueryOptions {
  /** Measurements a second that are written meanwhile. */
  readonly rate: number;
  readonly profile: ProfileName;
  /** 0: what the profile takes. */
  readonly seconds: number;
  readonly tags: number;
  readonly clients: number;
  /** Queries a second of all clients together. */
  readonly queries: number;
  /** Measurements that are in the store before. */
  readonly preload: number;
  /** Answers that are compared with the raw data. */
  readonly verify: number;
  readonly log: LogChoice;
  /** Undefined: a gateway is started for the purpose. */
  readonly url: string | undefined;
  readonly json: boolean;
}

export const queryUsage = {
  call: `sluice bench query [--rate 10000] [--seconds 10] [--profile steady|minute-peak|second-peak]
                    [--tags 10000] [--clients 10] [--queries 10] [--preload 0] [--verify 10]
                    [--log embedded|jetstream] [--url http://…] [--json]`,
  text: `query writes --rate measurements a second, as simulate measurements does, while --clients ask /api
for --queries random ranges a second of the 100 most frequent tags, and one more writes a measurement
and reads it back at once. In the end the store is counted, and --verify answers are compared with
what follows from the raw data. Exits with 1 when anything was refused, lost or wrong.

  --preload N  measurements of the last 23.5 hours are in the store before, written past the log
  --url        a gateway that runs already; its store is not counted`,
} as const;

/** Throws `UsageError`. */
export function parseQuery(args: readonly string[]): QueryOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: "string", default: "10000" },
      seconds: { type: "string" },
      profile: { type: "string", default: "steady" },
      tags: { type: "string", default: "10000" },
      clients: { type: "string", default: "10" },
      queries: { type: "string", default: "10" },
      preload: { type: "string", default: "0" },
      verify: { type: "string", default: "10" },
      log: { type: "string", default: "embedded" },
      url: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { url } = values;
  const profile = oneOf("profile", values.profile, profileNames);
  const preload = wholeNumber("preload", values.preload, 0, 1e9);
  if (url !== undefined && preload > 0) {
    throw new UsageError("Cannot use --preload with --url: it writes into the gateway's own store");
  }
  return {
    rate: number("rate", values.rate, 1, 1_000_000),
    profile,
    seconds: number("seconds", values.seconds ?? (profile === "steady" ? "10" : "0"), 0, 86_400),
    tags: wholeNumber("tags", values.tags, 1, 99_999),
    clients: wholeNumber("clients", values.clients, 1, 1000),
    queries: number("queries", values.queries, 0.1, 10_000),
    preload,
    verify: wholeNumber("verify", values.verify, 0, 10_000),
    log: oneOf("log", values.log, ["embedded", "jetstream"]),
    url: url === undefined ? undefined : gatewayUrl(url),
    json: values.json,
  };
}
