/** Reads an ack rule with its topics, prints a summary and writes the figures. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { failureFromClient, request } from "../gateway/request.ts";
import { printJson } from "../terminal/listing.ts";
import { Progress } from "../terminal/progress.ts";
import { type AckRuleAnswer, type Acks, readAcks } from "./acks.ts";
import { delaysFigure, timesFigure } from "./figures.ts";
import { pngFromSvg } from "./png.ts";
import { csvOf, reportOf, summaryOf } from "./report.ts";

const progressRecords = 5000;

interface Analysis {
  readonly url: Gateway;
  readonly rule: string;
  /** Undefined: nothing is written. */
  readonly out: string | undefined;
  readonly json: boolean;
}

export async function analyseAcks(
  runtime: Runtime,
  { url, rule: name, out, json }: Analysis,
): Promise<void> {
  const path = `/v1/ack-rules/${encodeURIComponent(name)}`;
  const { topics, ...rule } = await request<AckRuleAnswer>(url, "GET", path);
  if (topics === undefined) {
    throw new Failure(
      "invalid",
      `Cannot analyse rule "${name}": it is over lifecycle events, expected one over topics`,
    );
  }
  const progress = new Progress(runtime);
  const acks = await readAcks(url.client(), { ...rule, topics }, (records) => {
    if (records % progressRecords === 0) progress.line(`${records} records read`);
  }).catch((error: unknown) => {
    throw failureFromClient(url, error);
  });
  progress.clear();
  if (!json) runtime.print(summaryOf(acks));
  const files = out === undefined ? [] : await writeFigures(acks, name, out);
  if (json) printJson(runtime, { ...reportOf(acks), files });
  else for (const file of files) runtime.print(`${file}\n`);
}

/** The paths that were written. */
async function writeFigures(acks: Acks, name: string, out: string): Promise<string[]> {
  await mkdir(out, { recursive: true });
  const files: string[] = [];
  const write = async (suffix: string, content: string | Uint8Array) => {
    const file = join(out, `${name}-${suffix}`);
    await writeFile(file, content);
    files.push(file);
  };
  const figures = { times: timesFigure(acks), delays: delaysFigure(acks) };
  for (const [figure, svg] of Object.entries(figures)) {
    await write(`${figure}.svg`, svg);
    await write(`${figure}.png`, pngFromSvg(svg));
  }
  await write("acks.csv", csvOf(acks));
  return files;
}
