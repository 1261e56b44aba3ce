/** What is to be measured, from the command line. */
import { parseArgs } from "node:util";
import { oneOf, wholeNumber } from "../../src/cli/args.ts";
import type { LogChoice } from "../program.ts";
import type { SaveLoad } from "./result.ts";

export interface SaveOptions {
  readonly load: SaveLoad;
  /** Of the gateway that is started for the purpose. */
  readonly log: LogChoice;
  readonly json: boolean;
}

export const saveUsage = {
  call: `sluice bench save [--connections 40] [--seconds 10] [--tags 10000] [--load auto|wrk|own]
                    [--log embedded|jetstream] [--json]`,
  text: `save sends measurements to /save for --seconds, one a request, over --connections, by wrk where it is
installed, and counts them in the store, beside a bare route that parses the same body and answers
204. Exits with 1 when the store has not all that was acknowledged, or more than was sent.

  --load own  by connections of this process, which is most of what is measured then`,
} as const;

/** Throws `UsageError`. */
export function parseSave(args: readonly string[]): SaveOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      connections: { type: "string", default: "40" },
      seconds: { type: "string", default: "10" },
      tags: { type: "string", default: "10000" },
      load: { type: "string", default: "auto" },
      log: { type: "string", default: "embedded" },
      json: { type: "boolean", default: false },
    },
  });
  return {
    load: {
      connections: wholeNumber("connections", values.connections, 1, 10_000),
      seconds: wholeNumber("seconds", values.seconds, 1, 3600),
      tags: wholeNumber("tags", values.tags, 1, 99_999),
      load: oneOf("load", values.load, ["auto", "wrk", "own"]),
    },
    log: oneOf("log", values.log, ["embedded", "jetstream"]),
    json: values.json,
  };
}
