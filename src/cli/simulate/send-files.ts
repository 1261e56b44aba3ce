/** Sends the rows of spreadsheets at their times, each file into its own topic. */

import { sleep, systemClock as clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Relation } from "../../features/relations/relation.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { exitCodes } from "../command/exit-codes.ts";
import type { SourceFile } from "../files/directory.ts";
import { relationsOf } from "../files/landing.ts";
import type { Pace } from "../files/pace.ts";
import { sendFile } from "../files/send.ts";
import { type OpenFile, openFile, type OpenOptions, pathOf } from "../files/source.ts";
import { type FileTally, Tally } from "../files/tally.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { isRetryable, retryPauseMs } from "../gateway/retry.ts";
import { listenForStop } from "../terminal/interruption.ts";
import { printJson } from "../terminal/listing.ts";
import { Progress } from "../terminal/progress.ts";

/** What is in flight when the run is stopped may take this long to be acknowledged. */
const graceMs = 5000;
const progressMs = 200;

export interface FilesSimulation {
  readonly url: Gateway;
  readonly directory: string;
  readonly files: readonly SourceFile[];
  readonly pace: Pace;
  readonly reading: OpenOptions;
  readonly json: boolean;
}

export async function sendFiles(runtime: Runtime, simulation: FilesSimulation): Promise<number> {
  const { url, pace, json } = simulation;
  const progress = new Progress(runtime);
  const tally = new Tally(simulation.files, (line) => {
    progress.clear();
    if (json) runtime.logLine(`${line}\n`);
    else runtime.print(`${line}\n`);
  });
  const interruption = listenForStop(runtime, { graceMs });
  const { stop, abandon } = interruption;
  const ticking = setInterval(() => progress.line(tally.line()), progressMs);

  const opened = await Promise.all(tally.files.map((file) => tryOpen(simulation, file, tally)));
  const relations = await fetchRelations(url, tally, stop);
  const client = url.client({
    attemptsMax: Number.POSITIVE_INFINITY,
    reconnectMsMax: 2000,
    onRetry: (error) => (tally.trouble = error.message),
  });
  const firstMs = Math.min(...opened.map((open) => open?.firstMs ?? Number.POSITIVE_INFINITY));
  const startMs = clock.nowMs();
  const runId = crypto.randomUUID();
  await Promise.all(
    tally.files.map(async (file, index) => {
      const open = opened[index];
      if (open === undefined) return;
      await sendFile(open, file, tally, {
        ...{ client, clock, pace, startMs, firstMs },
        relation: relations.get(file.topic),
        runId: `${runId}-${index}`,
        signal: stop,
        abandon,
      });
    }),
  );
  clearInterval(ticking);
  progress.clear();
  if (json) for (const file of tally.files) printJson(runtime, reportOf(file));
  else runtime.print(`${stop.aborted ? "Stopped.\n" : ""}${tally.summary()}`);
  const isWhole = tally.files.every(({ failure }) => failure === undefined);
  return isWhole ? interruption.exitCode(false) : exitCodes.failed;
}

function reportOf({ file, topic, sent, lost, badCells, failure }: FileTally): object {
  return { file, topic, sent, not_sent: lost, bad_cells: badCells, failure: failure ?? null };
}

async function tryOpen(
  { directory, reading, pace }: FilesSimulation,
  file: FileTally,
  tally: Tally,
): Promise<OpenFile | undefined> {
  try {
    const open = await openFile(pathOf(directory, file), reading);
    file.sheet = open.sheet.name;
    if (open.sheet.others.length > 0) tally.unread(file, open.sheet.others);
    if (pace.speed !== undefined && open.firstMs === undefined) {
      const why = `Cannot send it at its times: column "${reading.timeColumn}" has none`;
      throw new Failure("invalid", `${why}, expected --time-column or --rate`);
    }
    return open;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    tally.failed(file, error.message);
    return undefined;
  }
}

/** The relations of the gateway, which may be unavailable for a while. */
async function fetchRelations(
  url: Gateway,
  tally: Tally,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Relation>> {
  for (let attempts = 0; !signal.aborted; attempts++) {
    try {
      return await relationsOf(url);
    } catch (error) {
      const failure = failureFrom(error);
      // A gateway of another release may not have relations, and a key may append and not read: the rows are
      // sent all the same.
      if (failure.code === "not_found" || failure.code === "forbidden") break;
      if (!isRetryable(failure)) throw error;
      tally.trouble = failure.message;
      await sleep(clock, retryPauseMs(attempts, failure), signal);
    }
  }
  return new Map();
}
