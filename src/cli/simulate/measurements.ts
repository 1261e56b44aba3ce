/** `sluice simulate measurements`: tags that are measured at a rate. */

import { valuesMax } from "../../features/measurements/measurement.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { command } from "../command/command.ts";
import { exitCodes } from "../command/exit-codes.ts";
import { choice, number, seconds, single, unusable, wholeNumber } from "../command/parameters.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { gatewayOptions, jsonOption } from "../gateway/options.ts";
import { listenForStop } from "../terminal/interruption.ts";
import { printJson } from "../terminal/listing.ts";
import { Progress } from "../terminal/progress.ts";
import { produceMeasurements } from "./measurements-producer.ts";
import { profileNames, Schedule } from "./measurements-profile.ts";
import { SimulatedSeries } from "./measurements-series.ts";
import { MeasurementTally } from "./measurements-tally.ts";
import { createRandom } from "./random.ts";
import { seedOption } from "./seed-option.ts";

/** What is in flight when the run is stopped may take this long to be acknowledged. */
const graceMs = 5000;

export const measurements = command({
  name: "measurements",
  summary: "tags that are measured at a rate",
  description: `Sends --rate measurements a second of --tags tags to /save: the first tag has 1 % of them, the
second 1 % of the rest, and so on; the values of each walk slowly, and the same seed walks the same.
A measurement carries the time at which it is due; due ones go as lines, some hundred a request, and
again until they are acknowledged. minute-peak has five times the rate for a minute, second-peak
twenty times for a second, both after ten seconds and once. Ends after --seconds, ten seconds after
the peak, or with Ctrl-C. Exits with 1 when not all was acknowledged.`,
  arguments: {},
  options: {
    rate: number({
      doc: "measurements a second",
      value: "N",
      default: "10000",
      min: 0.01,
      max: 1_000_000,
    }),
    tags: wholeNumber({ doc: "tags", value: "N", default: "10000", min: 1, max: 99_999 }),
    values: wholeNumber({
      doc: "values of a measurement",
      value: "N",
      default: "10",
      min: 1,
      max: valuesMax,
    }),
    profile: choice({ doc: "the course of the rate", default: "steady", choices: profileNames }),
    seconds: seconds("end after so long; 0: with the profile, or with Ctrl-C"),
    seed: seedOption,
    prefix: single({ doc: "of the tags", value: "TEXT", default: "tag-" }, parsePrefix),
    connections: wholeNumber({
      doc: "requests at once",
      value: "N",
      default: "8",
      min: 1,
      max: 256,
    }),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice simulate measurements --rate 1000 --seconds 2",
      prints: ["2000 measurements sent, 2000 acknowledged"],
    },
  ],
  async run(runtime, { url, rate, profile, seconds: time, seed, connections, json, ...series }) {
    return await simulateMeasurements(runtime, {
      ...{ url, connections, json },
      schedule: new Schedule(profile, rate, time),
      series: new SimulatedSeries({ random: createRandom(seed), ...series }),
    });
  },
});

interface Simulation {
  readonly url: Gateway;
  readonly schedule: Schedule;
  readonly series: SimulatedSeries;
  readonly connections: number;
  readonly json: boolean;
}

/** Goes into JSON as it is, and five digits follow. */
function parsePrefix(given: string, label: string): string {
  if (/^[A-Za-z0-9._:/=,-]{0,59}$/.test(given)) return given;
  throw unusable(label, given, "at most 59 letters, digits and ._:/=,-");
}

async function simulateMeasurements(runtime: Runtime, simulation: Simulation): Promise<number> {
  const interruption = listenForStop(runtime, { graceMs });
  const { stop, abandon } = interruption;
  const tally = new MeasurementTally();
  const progress = new Progress(runtime);
  const shown = setInterval(() => progress.line(tally.line()), 1000);
  try {
    await produceMeasurements({ ...simulation, tally, stop, abandon });
  } finally {
    clearInterval(shown);
    progress.clear();
  }
  if (simulation.json) printJson(runtime, tally.report());
  else runtime.print(`${tally.summary()}\n`);
  const isEndless = simulation.schedule.total === Number.POSITIVE_INFINITY;
  const isWhole = tally.acknowledged === tally.sent;
  return isWhole ? interruption.exitCode(isEndless) : exitCodes.failed;
}
