/** `sluice bench query`: how fast answers are and how far behind they lag while measurements are written. */

import { produceMeasurements, saveLines } from "../../src/cli/simulate/measurements-producer.ts";
import { Schedule } from "../../src/cli/simulate/measurements-profile.ts";
import { SimulatedSeries, tagName } from "../../src/cli/simulate/measurements-series.ts";
import { MeasurementTally } from "../../src/cli/simulate/measurements-tally.ts";
import { createRandom } from "../../src/cli/simulate/random.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { requireOwnTopic } from "../series/gateway.ts";
import { preload } from "../series/preload.ts";
import { countStored } from "../series/settled.ts";
import { askTags } from "./clients.ts";
import type { QueryOptions } from "./options.ts";
import { readBack } from "./read-back.ts";
import { renderQuery } from "./report.ts";
import { fetchSamples, rangeNsMin } from "./samples.ts";
import { onQueryGateway, type QueryServer, startQueryGateway } from "./servers.ts";
import { type QueryMeasured, summarizeQuery } from "./summary.ts";
import { verifyAnswers } from "./verify.ts";

const topTags = 100;
const valuesEach = 10;
const connections = 8;
/** Half an hour less than the default retention, so that nothing is dropped before it is counted. */
const preloadNs = 84_600_000_000_000n;
const settleMs = 500;

/** Exits with 1 when anything was refused, lost or wrong. */
export async function benchQuery(runtime: Runtime, options: QueryOptions): Promise<void> {
  const { gateway, log, json } = options;
  if (gateway === undefined) await requireOwnTopic(runtime.environment, log);
  const summary = await (async () => {
    await using server =
      gateway === undefined
        ? await startQueryGateway(runtime.environment, log)
        : onQueryGateway(gateway);
    runtime.onStop(() => {
      void Promise.resolve(server[Symbol.asyncDispose]()).finally(() => runtime.exit(130));
    });
    return summarizeQuery(options, await measureQuery(runtime, server, options));
  })();
  runtime.print(json ? `${JSON.stringify(summary)}\n` : renderQuery(summary));
  // This command handles the stop signals itself, so it must end the process itself.
  runtime.exit(summary.ok ? 0 : 1);
}

async function measureQuery(
  runtime: Runtime,
  server: QueryServer,
  options: QueryOptions,
): Promise<QueryMeasured> {
  const { gateway, dataDir } = server;
  const { tags, clients, queries, verify } = options;
  const progress = new Progress(runtime);
  const show = (what: string, done: number, total: number) =>
    progress.show(what.padEnd(24), done, total);
  const random = createRandom(2);
  // No other run uses tags with this prefix.
  const prefix = `${crypto.randomUUID().slice(0, 8)}-`;
  const top = Math.min(topTags, tags);
  const series = new SimulatedSeries({ random: createRandom(1), tags, values: valuesEach, prefix });
  const startNs = clock.nowNs();
  const oldestNs = startNs - (options.preload > 0 ? preloadNs : rangeNsMin);
  const loaded = { dataDir, series, count: options.preload, fromNs: oldestNs, toNs: startNs };
  if (options.preload > 0) {
    await preload(loaded, (done) => show("preloading", done, options.preload));
  }
  // Written before any client queries them.
  const first = Array.from(
    { length: top },
    (_, i) => `{"time":${startNs + BigInt(i)},"tag":"${tagName(prefix, i)}","values":[${i}]}`,
  );
  const never = new AbortController().signal;
  await saveLines(gateway, first.join("\n"), never);
  // A node's first answer waits until the node has read the log to its end; that delay belongs to the start and not to the queries.
  const firstTag = tagName(prefix, 0);
  await fetchSamples(gateway, { tag: firstTag, startNs: startNs - rangeNsMin, endNs: startNs });

  const over = new AbortController();
  const usedBefore = server.used();
  const tally = new MeasurementTally();
  const schedule = new Schedule(options.profile, options.rate, options.seconds);
  const asking = askTags({
    ...{ gateway, random, clients, queries, prefix, tags: top, oldestNs },
    signal: over.signal,
  });
  const readingBack = readBack(gateway, `${prefix}read-back`, over.signal);
  const shown = setInterval(() => progress.line(tally.line()), 1000);
  try {
    await produceMeasurements({
      ...{ url: gateway, series, schedule, connections, tally },
      ...{ stop: never, abandon: never },
    });
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  } finally {
    clearInterval(shown);
    over.abort();
  }
  const [asked, back] = await Promise.all([asking, readingBack]);
  progress.line(tally.line());
  runtime.logLine("\n");
  const used = server.used();
  const expected = options.preload + top + tally.acknowledged + back.written;
  const stored =
    dataDir === ""
      ? undefined
      : await countStored({ url: gateway.url, dataDir }, prefix, expected, show);
  const wrong = await verifyAnswers(
    { gateway, random, prefix, tags: top, oldestNs, newestNs: clock.nowNs(), answers: verify },
    (done) => show("comparing answers", done, verify),
  );
  return { tally, asked, back, expected, stored, wrong, usedBefore, used };
}
