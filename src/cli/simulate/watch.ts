/** `sluice simulate watch`: watches that stream what they measure, each over a stream of its own. */
import { parseArgs } from "node:util";
import { sleep, systemClock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { createGrpcClients, failureFromRpcError, type RegistryClient } from "../rpc-client.ts";
import { gatewayUrl, number, secondsMax, wholeNumber } from "../args.ts";
import { type Command, UsageError } from "../command.ts";
import { Progress } from "../progress.ts";
import { createRandom } from "./random.ts";
import { Outbox } from "./watch-outbox.ts";
import { biometricsSet, watchRecord } from "./watch-record.ts";
import { streamWatch, type WatchCall, type WatchStreamEvents } from "./watch-stream.ts";
import { WatchTally } from "./watch-tally.ts";
import { Wearer } from "./watch-wearer.ts";

/** What is sent when the watches are told to stop has so long to be acknowledged. */
const drainMs = 5000;

export const watch: Command = {
  summary: "watches that stream biometrics",
  usage: `sluice simulate watch [--watches 100] [--rate 1] [--seconds 0] [--seed 1]
                      [--topic biometrics] [--call collect|ingest]
                      [--grpc http://localhost:4025]

Registers the schema of biometrics under <topic>-value. Then each watch streams --rate records a
second over gRPC, on a connection of its own: heart rate, motion and steps of somebody who rests,
walks and runs. The same seed measures the same. Ends after --seconds, or with Ctrl-C.`,
  async run(runtime, args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        watches: { type: "string", default: "100" },
        rate: { type: "string", default: "1" },
        seconds: { type: "string", default: "0" },
        seed: { type: "string", default: "1" },
        topic: { type: "string", default: "biometrics" },
        call: { type: "string", default: "collect" },
        grpc: { type: "string", default: "http://localhost:4025" },
      },
    });
    await simulateWatches(runtime, {
      grpcUrl: gatewayUrl(values.grpc, "grpc", 4025),
      watches: wholeNumber("watches", values.watches, 1, 10_000),
      rate: number("rate", values.rate, 0.001, 1000),
      seconds: number("seconds", values.seconds, 0, secondsMax),
      seed: wholeNumber("seed", values.seed, 0, 2 ** 32 - 1),
      topic: values.topic,
      call: parseCall(values.call),
    });
  },
};

interface Simulation {
  readonly grpcUrl: string;
  readonly watches: number;
  /** Records a second of each watch. */
  readonly rate: number;
  /** 0: until it is stopped. */
  readonly seconds: number;
  readonly seed: number;
  readonly topic: string;
  readonly call: WatchCall;
}

function parseCall(text: string): WatchCall {
  if (text === "collect" || text === "ingest") return text;
  throw new UsageError(`Cannot use --call ${text}: expected collect or ingest`);
}

async function simulateWatches(runtime: Runtime, simulation: Simulation): Promise<void> {
  const { grpcUrl, watches, seconds, topic } = simulation;
  const subject = `${topic}-value`;
  const schemaId = await register(createGrpcClients(grpcUrl).registry, subject);
  runtime.print(`schema ${schemaId} of ${subject}; ${watches} watches stream to ${topic}\n`);

  const stop = new AbortController();
  const abandon = new AbortController();
  const end = () => {
    if (stop.signal.aborted) return abandon.abort();
    stop.abort();
    setTimeout(() => abandon.abort(), drainMs);
  };
  runtime.onStop(end);
  if (seconds > 0) setTimeout(end, seconds * 1000);

  const tally = new WatchTally();
  const progress = new Progress(runtime);
  const shown = setInterval(() => progress.line(tally.line()), 1000);
  const run = crypto.randomUUID();
  try {
    await Promise.all(
      Array.from({ length: watches }, async (_, i) => {
        const outbox = new Outbox();
        const { collector } = createGrpcClients(grpcUrl);
        const id = `watch-${String(i + 1).padStart(4, "0")}`;
        const options = { collector, call: simulation.call, topic, producerId: `${id}-${run}` };
        const events: WatchStreamEvents = tally;
        await Promise.all([
          measure(id, i, simulation, schemaId, outbox, stop.signal),
          streamWatch(options, outbox, events, abandon.signal),
        ]);
      }),
    );
  } finally {
    clearInterval(shown);
    progress.line("");
    runtime.logLine("\r");
  }
  runtime.print(`${tally.summary(watches)}\n`);
  // The connections are this command's own, and nothing else keeps the process.
  runtime.exit(0);
}

/** The id of the schema that records carry. */
async function register(registry: RegistryClient, subject: string): Promise<number> {
  try {
    const { schema } = await registry.register({
      subject,
      schema: { case: "fileDescriptorSet", value: biometricsSet() },
    });
    return schema?.id ?? 0;
  } catch (error) {
    const { code, message } = failureFromRpcError(error);
    throw new Failure(code, `Cannot register ${subject}: ${message}`, { cause: error });
  }
}

/** Record n of a watch is due at a time of its own, whatever the ones before it took. */
async function measure(
  id: string,
  index: number,
  { seed, rate, watches }: Simulation,
  schemaId: number,
  outbox: Outbox,
  signal: AbortSignal,
): Promise<void> {
  const wearer = new Wearer(createRandom(seed + Math.imul(index + 1, 0x9e3779b1)));
  const everyMs = 1000 / rate;
  // Spread over the first interval, so that the load is even.
  let dueMs = performance.now() + (everyMs * index) / watches;
  for (let n = 0; ; n++) {
    await sleep(systemClock, Math.max(0, dueMs - performance.now()), signal);
    if (signal.aborted) return outbox.close();
    dueMs += everyMs;
    wearer.live(1 / rate);
    if (!outbox.isFull) outbox.add(watchRecord(id, wearer, n, schemaId, Date.now()));
  }
}
