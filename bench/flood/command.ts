/** `sluice bench flood`: whether a caller that sends too much slows another one. */

import { command } from "../../src/cli/command/command.ts";
import { wholeNumber } from "../../src/cli/command/parameters.ts";
import { jsonOption } from "../../src/cli/gateway/options.ts";
import { logOption } from "../shared-options.ts";

export const flood = command({
  name: "flood",
  summary: "one caller's latencies while another sends twenty times its limit",
  description: `Starts a gateway that limits each caller to a hundred requests a second. One key sends a
thousand records a second in fifty requests; by turns, another key sends two thousand requests a second and heeds
no refusal. The latencies of the first are compared. Exits with 1 when one of its requests was refused.`,
  arguments: {},
  options: {
    rounds: wholeNumber({
      doc: "turns with and without",
      value: "N",
      default: "5",
      min: 1,
      max: 100,
    }),
    seconds: wholeNumber({ doc: "length of a turn", value: "N", default: "10", min: 1, max: 3600 }),
    log: logOption,
    json: jsonOption,
  },
  examples: [{ line: "sluice bench flood --rounds 9", notRun: "it measures for minutes" }],
  async run(runtime, options) {
    const { benchFlood } = await import("./flood.ts");
    await benchFlood(runtime, options);
  },
});
