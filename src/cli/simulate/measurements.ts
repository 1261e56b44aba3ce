/** `sluice simulate measurements`: tags that are measured at a rate, as seed 002 has them. */
import { parseArgs } from "node:util";
import { valuesMax } from "../../features/measurements/measurement.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { gatewayUrl, number, oneOf, secondsMax, wholeNumber } from "../args.ts";
import { type Command, UsageError } from "../command.ts";
import { Progress } from "../progress.ts";
import { produceMeasurements } from "./measurements-producer.ts";
import { profileNames, Schedule } from "./measurements-profile.ts";
import { SimulatedSeries } from "./measurements-series.ts";
import { MeasurementTally } from "./measurements-tally.ts";
import { createRandom } from "./random.ts";

/** What is on its way when the run is told to stop has so long to be acknowledged. */
const drainMs = 5000;

export const measurements: Command = {
  summary: "tags that are measured at a rate",
  usage: `sluice simulate measurements [--rate 10000] [--tags 10000] [--values 10]
                      [--profile steady|minute-peak|second-peak] [--seconds 0] [--seed 1]
                      [--prefix tag-] [--connections 8] [--url http://localhost:9000]

Sends --rate measurements a second of --tags tags to /save: the first tag has 1 % of them, the
second 1 % of the rest, and so on; the values of each walk slowly, and the same seed walks the same.
Each measurement is due at a time of its own and carries it; what is due goes as lines, some
hundred a request, and again until it is acknowledged. minute-peak has five times the rate for a
minute, second-peak twenty times for a second, both after ten seconds and once. Ends after --seconds,
ten seconds after the peak, or with Ctrl-C. Exits with 1 when not all was acknowledged.`,
  async run(runtime, args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rate: { type: "string", default: "10000" },
        tags: { type: "string", default: "10000" },
        values: { type: "string", default: "10" },
        profile: { type: "string", default: "steady" },
        seconds: { type: "string", default: "0" },
        seed: { type: "string", default: "1" },
        prefix: { type: "string", default: "tag-" },
        connections: { type: "string", default: "8" },
        url: { type: "string", default: "http://localhost:9000" },
      },
    });
    await simulateMeasurements(runtime, {
      url: gatewayUrl(values.url),
      schedule: new Schedule(
        oneOf("profile", values.profile, profileNames),
        number("rate", values.rate, 0.01, 1_000_000),
        number("seconds", values.seconds, 0, secondsMax),
      ),
      series: new SimulatedSeries({
        random: createRandom(wholeNumber("seed", values.seed, 0, 2 ** 32 - 1)),
        tags: wholeNumber("tags", values.tags, 1, 99_999),
        values: wholeNumber("values", values.values, 1, valuesMax),
        prefix: parsePrefix(values.prefix),
      }),
      connections: wholeNumber("connections", values.connections, 1, 256),
    });
  },
};

interface Simulation {
  readonly url: string;
  readonly schedule: Schedule;
  readonly series: SimulatedSeries;
  readonly connections: number;
}

/** Goes into JSON as it is, and five digits follow. */
function parsePrefix(text: string): string {
  if (/^[A-Za-z0-9._:/=,-]{0,59}$/.test(text)) return text;
  throw new UsageError(
    `Cannot use --prefix ${text}: expected at most 59 letters, digits and ._:/=,-`,
  );
}

async function simulateMeasurements(runtime: Runtime, simulation: Simulation): Promise<void> {
  const stop = new AbortController();
  const abandon = new AbortController();
  let isStopped = false;
  runtime.onStop(() => {
    if (isStopped) return abandon.abort();
    isStopped = true;
    stop.abort();
    setTimeout(() => abandon.abort(), drainMs);
  });
  const tally = new MeasurementTally();
  const progress = new Progress(runtime);
  const shown = setInterval(() => progress.line(tally.line()), 1000);
  try {
    await produceMeasurements({
      ...simulation,
      tally,
      stop: stop.signal,
      abandon: abandon.signal,
    });
  } finally {
    clearInterval(shown);
    progress.line("");
    runtime.logLine("\r");
  }
  runtime.print(`${tally.summary()}\n`);
  // The stop signals are this command's own: nothing else ends the process.
  runtime.exit(tally.acknowledged === tally.sent ? 0 : 1);
}
