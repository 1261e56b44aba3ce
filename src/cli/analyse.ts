/** `sluice analyse`: figures of what a gateway has kept. */

import { command, type CommandGroup } from "./command/command.ts";
import { path, text } from "./command/parameters.ts";
import { UsageError } from "./command/usage-error.ts";
import { gatewayOptions, jsonOption } from "./gateway/options.ts";

const acks = command({
  name: "acks",
  summary: "draw what became of the ids of an ack rule",
  description: `Reads the topics of an ack rule and its acks. Prints counts, percentiles, and the ids that were never
complete. With --out it writes NAME-times.svg and .png, when each id was seen in each topic and
acknowledged; NAME-delays.svg and .png, how long each ack took after the last occurrence, with the
median; NAME-acks.csv, all of it.`,
  arguments: {},
  options: {
    rule: text({ doc: "name of the ack rule, over topics", value: "NAME" }),
    out: path({
      doc: "folder for the figures and the CSV; none are written without it",
      value: "DIR",
    }),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice analyse acks --rule genetika --out /tmp/figures",
      notRun: "docs/files.md runs it with a rule and its topics",
    },
  ],
  async run(runtime, { url, rule, out, json }) {
    if (rule === undefined) {
      throw new UsageError("Cannot run sluice analyse acks: --rule is missing, an ack rule's name");
    }
    const { analyseAcks } = await import("./analyse/analyse-acks.ts");
    await analyseAcks(runtime, { url, rule, out, json });
  },
});

export const analyse: CommandGroup = {
  name: "analyse",
  summary: "draw figures of what a gateway has kept",
  commands: [acks],
};
