/** Watches that stream what they measure, each over its own connection. */

import { sleep, systemClock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { unreachable } from "../gateway/request.ts";
import { createGrpcClients, failureFromRpcError } from "../gateway/rpc-client.ts";
import { listenForStop } from "../terminal/interruption.ts";
import { counted, printJson } from "../terminal/listing.ts";
import { Progress } from "../terminal/progress.ts";
import { createRandom } from "./random.ts";
import { Outbox } from "./wearable-outbox.ts";
import { biometricsSet, wearableRecord } from "./wearable-record.ts";
import { streamWearable, type WearableCall, type WearableStreamEvents } from "./wearable-stream.ts";
import { WearableTally } from "./wearable-tally.ts";
import { Wearer } from "./wearer.ts";

/** What is in flight when the watches stop may take this long to be acknowledged. */
const graceMs = 5000;

export interface WearableSimulation {
  readonly grpc: Gateway;
  readonly watches: number;
  /** Records a second of each watch. */
  readonly rate: number;
  /** 0: without end. */
  readonly seconds: number;
  readonly seed: number;
  readonly topic: string;
  readonly call: WearableCall;
  readonly json: boolean;
}

export async function streamWearables(
  runtime: Runtime,
  simulation: WearableSimulation,
): Promise<number> {
  const { grpc, watches, topic, json } = simulation;
  const subject = `${topic}-value`;
  const schemaId = await register(grpc, subject);
  if (!json) {
    const many = counted(watches, "watch");
    runtime.print(`schema ${schemaId} of ${subject}; ${many} stream to ${topic}\n`);
  }

  const interruption = listenForStop(runtime, { seconds: simulation.seconds, graceMs });
  const { stop, abandon } = interruption;
  const tally = new WearableTally();
  const progress = new Progress(runtime);
  const shown = setInterval(() => progress.line(tally.line()), 1000);
  const run = crypto.randomUUID();
  try {
    await Promise.all(
      Array.from({ length: watches }, async (_, i) => {
        const outbox = new Outbox();
        const { collector } = createGrpcClients(grpc);
        const id = `watch-${String(i + 1).padStart(4, "0")}`;
        const options = { collector, call: simulation.call, topic, producerId: `${id}-${run}` };
        const events: WearableStreamEvents = tally;
        await Promise.all([
          measure(id, i, simulation, schemaId, outbox, stop),
          streamWearable(options, outbox, events, abandon),
        ]);
      }),
    );
  } finally {
    clearInterval(shown);
    progress.clear();
  }
  if (json) printJson(runtime, tally.report(watches));
  else runtime.print(`${tally.summary(watches)}\n`);
  // Open connections must not keep the process alive.
  return interruption.exitCode(simulation.seconds === 0);
}

/** The id of the schema that records carry. */
async function register(grpc: Gateway, subject: string): Promise<number> {
  try {
    const { schema } = await createGrpcClients(grpc).registry.register({
      subject,
      schema: { case: "fileDescriptorSet", value: biometricsSet() },
    });
    return schema?.id ?? 0;
  } catch (error) {
    const { code, message } = failureFromRpcError(error);
    if (code === "unavailable") throw unreachable(grpc, error);
    throw new Failure(code, `Cannot register ${subject}: ${message}`, { cause: error });
  }
}

/** The time at which record n of a watch is due does not depend on how long earlier ones took. */
async function measure(
  id: string,
  index: number,
  { seed, rate, watches }: WearableSimulation,
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
    wearer.advance(1 / rate);
    if (!outbox.isFull) outbox.add(wearableRecord(id, wearer, n, schemaId, Date.now()));
  }
}
