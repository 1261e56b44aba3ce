/** `sluice bench collect`: how fast records come in, beside the floor, in one run on one machine. */
import type { Runtime } from "../../src/runtime/runtime.ts";
import { Progress } from "../../src/cli/progress.ts";
import { measureCollect } from "./measure.ts";
import type { CollectOptions } from "./options.ts";
import { renderCollect } from "./report.ts";
import { onCollector, startCollector, startStreamFloor, startUnaryFloor } from "./servers.ts";
import { summarizeCollect } from "./summary.ts";
import { floorGatewayFloor } from "../runs.ts";

/** Exits with 1 when the log does not have exactly what was sent. */
export async function benchCollect(runtime: Runtime, options: CollectOptions): Promise<void> {
  const { load, log, grpc, pid, json } = options;
  const { environment } = runtime;
  const progress = new Progress(runtime);
  // Nobody else's records are in it; it is removed when they are counted.
  const topic = `bench-${crypto.randomUUID()}`;
  const start = {
    floor: () =>
      load.method === "publish"
        ? startUnaryFloor(environment, log, topic)
        : startStreamFloor(topic),
    gateway: () =>
      grpc === undefined
        ? startCollector(environment, log, topic)
        : Promise.resolve(onCollector(environment, grpc, pid, topic)),
  };
  const runs = await floorGatewayFloor(runtime, start, (server) =>
    measureCollect(server, load, (what, done, total) =>
      progress.show(what.padEnd(24), done, total),
    ),
  );
  const summary = summarizeCollect(options, runs);
  runtime.print(json ? `${JSON.stringify(summary)}\n` : renderCollect(summary));
  // The stop signals are this command's own: nothing else ends the process.
  runtime.exit(summary.ok ? 0 : 1);
}
