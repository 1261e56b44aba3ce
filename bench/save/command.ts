/** `sluice bench save`: how many measurements come in, one a request. */

import { command } from "../../src/cli/command/command.ts";
import { choice, wholeNumber } from "../../src/cli/command/parameters.ts";
import { jsonOption } from "../../src/cli/gateway/options.ts";
import { logOption } from "../shared-options.ts";

export const save = command({
  name: "save",
  summary: "measurements, one a request",
  description: `Sends measurements to /save for --seconds, one a request, over --connections, by wrk where it is
installed, and counts them in the store, beside a bare route that parses the same body and answers
204. Exits with 1 when the store has not all that was acknowledged, or more than was sent.`,
  arguments: {},
  options: {
    connections: wholeNumber({
      doc: "connections",
      value: "N",
      default: "40",
      min: 1,
      max: 10_000,
    }),
    seconds: wholeNumber({ doc: "how long", value: "N", default: "10", min: 1, max: 3600 }),
    tags: wholeNumber({ doc: "tags", value: "N", default: "10000", min: 1, max: 99_999 }),
    load: choice({
      doc: "what sends; own connections are most of what is measured then",
      default: "auto",
      choices: ["auto", "wrk", "own"],
    }),
    log: logOption,
    json: jsonOption,
  },
  examples: [{ line: "sluice bench save --seconds 60", notRun: "it measures for minutes" }],
  async run(runtime, { connections, seconds, tags, load, log, json }) {
    const { benchSave } = await import("./save.ts");
    await benchSave(runtime, { load: { connections, seconds, tags, load }, log, json });
  },
});
