/** `sluice simulate files`: spreadsheets as producers, each into a topic of its own. */
import { parseArgs } from "node:util";
import { sleep, systemClock as clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Relation } from "../../features/relations/relation.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { createClient } from "../../client/index.ts";
import { gatewayUrl, number } from "../args.ts";
import { type Command, UsageError } from "../command.ts";
import { relationsOf } from "../files/landing.ts";
import type { Pace } from "../files/pace.ts";
import { sendFile } from "../files/send.ts";
import { filesOf, openFile, pathOf, type OpenFile, type SourceFile } from "../files/source.ts";
import type { TableOptions } from "../files/table.ts";
import { Tally, type FileTally } from "../files/tally.ts";
import { Progress } from "../progress.ts";
import { isRetryable, retryPauseMs } from "../retry.ts";

/** What is on its way when the run is told to stop has so long to be acknowledged. */
const drainMs = 5000;
const progressMs = 200;

export const files: Command = {
  summary: "rows of spreadsheets, at their times",
  usage: `sluice simulate files --dir data-samples [--topics topic1,topic2,topic3]
                      [--speed 1 | --rate 100] [--id-column message_id] [--time-column created_at]
                      [--url http://localhost:9000]

Reads the .xlsx and .csv files of --dir at once and sends each row as a JSON record, its fields
named by the first row. By the order of their names the first file goes into the first topic, and
so on; without --topics a file goes into the topic of its own name. Rows are sent at the times of
their --time-column, --speed times as fast, or --rate a second of each file. Cells that cannot be
read, and those that will not fit the gateway's relations, are told by file, sheet, row and column;
the others are sent. While the gateway is away the same rows are tried again. Ctrl-C ends it. Exits
with 1 when a file could not be read, or sent, to its end.`,
  async run(runtime, args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        dir: { type: "string" },
        topics: { type: "string", default: "" },
        speed: { type: "string" },
        rate: { type: "string" },
        "id-column": { type: "string", default: "message_id" },
        "time-column": { type: "string", default: "created_at" },
        url: { type: "string", default: "http://localhost:9000" },
      },
    });
    if (values.dir === undefined) throw new UsageError("Wanted --dir, a directory of files");
    const topics = values.topics.split(",").filter((name) => name !== "");
    await simulateFiles(runtime, {
      url: gatewayUrl(values.url),
      directory: values.dir,
      files: await filesOf(values.dir, topics),
      pace: paceFrom(values.speed, values.rate),
      columns: { idColumn: values["id-column"], timeColumn: values["time-column"] },
    });
  },
};

function paceFrom(speed: string | undefined, rate: string | undefined): Pace {
  if (rate === undefined) return { speed: number("speed", speed ?? "1", 0.001, 1e9) };
  if (speed === undefined) return { rate: number("rate", rate, 0.001, 1e9) };
  throw new UsageError("Cannot use --speed and --rate together: expected one of them");
}

interface Simulation {
  readonly url: string;
  readonly directory: string;
  readonly files: readonly SourceFile[];
  readonly pace: Pace;
  readonly columns: TableOptions;
}

async function simulateFiles(runtime: Runtime, simulation: Simulation): Promise<void> {
  const { url, pace } = simulation;
  const progress = new Progress(runtime);
  const tally = new Tally(simulation.files, (line) => {
    progress.line("");
    runtime.print(`\r${line}\n`);
  });
  const stop = new AbortController();
  const abandon = new AbortController();
  runtime.onStop(() => {
    stop.abort();
    clock.after(drainMs, () => abandon.abort());
  });
  const ticking = setInterval(() => progress.line(tally.line()), progressMs);

  const opened = await Promise.all(tally.files.map((file) => tryOpen(simulation, file, tally)));
  const relations = await landing(url, tally, stop.signal);
  const client = createClient({
    url,
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
        signal: stop.signal,
        abandon: abandon.signal,
      });
    }),
  );
  clearInterval(ticking);
  progress.line("");
  runtime.print(`\r${stop.signal.aborted ? "Stopped.\n" : ""}${tally.summary()}`);
  // The stop signals are this command's own: nothing else ends the process.
  runtime.exit(tally.files.some(({ failure }) => failure !== undefined) ? 1 : 0);
}

async function tryOpen(
  { directory, columns, pace }: Simulation,
  file: FileTally,
  tally: Tally,
): Promise<OpenFile | undefined> {
  try {
    const open = await openFile(pathOf(directory, file), columns);
    file.sheet = open.sheet.name;
    if (open.sheet.others.length > 0) tally.unread(file, open.sheet.others);
    if (pace.speed !== undefined && open.firstMs === undefined) {
      const why = `Cannot send it at its times: column "${columns.timeColumn}" has none`;
      throw new Failure("invalid", `${why}, expected --time-column or --rate`);
    }
    return open;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    tally.failed(file, error.message);
    return undefined;
  }
}

/** The relations of the gateway, which may be away for now. */
async function landing(
  url: string,
  tally: Tally,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Relation>> {
  for (let attempts = 0; !signal.aborted; attempts++) {
    try {
      return await relationsOf(url);
    } catch (error) {
      const failure = failureFrom(error);
      // A gateway of another release may have none: its rows are sent all the same.
      if (failure.code === "not_found") break;
      if (!isRetryable(failure)) throw error;
      tally.trouble = failure.message;
      await sleep(clock, retryPauseMs(attempts, failure), signal);
    }
  }
  return new Map();
}
