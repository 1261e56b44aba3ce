/** `sluice analyse`: figures of what a gateway has kept. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createClient } from "../client/index.ts";
import { Failure } from "../core/failure.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readAcks, type AckRuleAnswer } from "./analyse/acks.ts";
import { delaysFigure, timesFigure } from "./analyse/figures.ts";
import { pngFromSvg } from "./analyse/png.ts";
import { csvOf, summaryOf } from "./analyse/report.ts";
import { gatewayUrl } from "./args.ts";
import { type Command, UsageError } from "./command.ts";
import { ask } from "./gateway.ts";
import { Progress } from "./progress.ts";

const progressRecords = 5000;

export const analyse: Command = {
  summary: "draw what became of the ids of an ack rule",
  usage: `sluice analyse acks --rule NAME [--out .] [--url http://localhost:9000]

Reads the topics of an ack rule and its acks, and writes to --out: NAME-times.svg and .png, when
each id was seen in each topic and acknowledged; NAME-delays.svg and .png, how long each ack took
after the last sighting, with the median; NAME-acks.csv, all of it. Prints counts, percentiles, and
the ids that were never complete.`,
  async run(runtime, args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rule: { type: "string" },
        out: { type: "string", default: "." },
        url: { type: "string", default: "http://localhost:9000" },
      },
    });
    const [what, ...rest] = positionals;
    if (what !== "acks" || rest.length > 0) {
      const given = what === undefined ? "nothing" : `"${positionals.join(" ")}"`;
      throw new UsageError(`Cannot analyse ${given}: expected acks`);
    }
    if (values.rule === undefined) throw new UsageError("Wanted --rule, the name of an ack rule");
    await analyseAcks(runtime, gatewayUrl(values.url), values.rule, values.out);
  },
};

async function analyseAcks(runtime: Runtime, url: string, name: string, out: string) {
  const path = `/v1/ack-rules/${encodeURIComponent(name)}`;
  const { topics, ...rule } = await ask<AckRuleAnswer>(url, "GET", path);
  if (topics === undefined) {
    throw new Failure(
      "invalid",
      `Cannot analyse rule "${name}": it is over lifecycle events, expected one over topics`,
    );
  }
  const progress = new Progress(runtime);
  const acks = await readAcks(createClient({ url }), { ...rule, topics }, (records) => {
    if (records % progressRecords === 0) progress.line(`${records} records read`);
  });
  progress.line("");
  runtime.print(`\r${summaryOf(acks)}`);

  await mkdir(out, { recursive: true });
  const figures = { times: timesFigure(acks), delays: delaysFigure(acks) };
  for (const [figure, svg] of Object.entries(figures)) {
    await write(`${figure}.svg`, svg);
    await write(`${figure}.png`, pngFromSvg(svg));
  }
  await write("acks.csv", csvOf(acks));

  async function write(suffix: string, content: string | Uint8Array): Promise<void> {
    const file = join(out, `${name}-${suffix}`);
    await writeFile(file, content);
    runtime.print(`${file}\n`);
  }
}
