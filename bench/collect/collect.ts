/** `sluice bench collect`: how fast records are collected, compared with a floor in the same run on the same machine. */

import { Progress } from "../../src/cli/terminal/progress.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { floorGatewayFloor } from "../runs.ts";
import { buildLoader } from "./loader.ts";
import { measureCollect } from "./measure.ts";
import type { CollectOptions } from "./options.ts";
import { renderCollect } from "./report.ts";
import { onCollector, startCollector, startStreamFloor, startUnaryFloor } from "./servers.ts";
import { summarizeCollect } from "./summary.ts";

/** Exits with 1 when the log does not contain exactly what was sent. */
export async function benchCollect(runtime: Runtime, options: CollectOptions): Promise<void> {
  const { load, log, grpc, json } = options;
  const { environment } = runtime;
  const progress = new Progress(runtime);
  // The topic contains only this run's records; it is removed once they are counted.
  const topic = `bench-${crypto.randomUUID()}`;
  const start = {
    floor: () =>
      load.method === "publish"
        ? startUnaryFloor(environment, log, topic)
        : startStreamFloor(topic),
    gateway: () =>
      grpc === undefined
        ? startCollector(environment, log, topic)
        : Promise.resolve(onCollector(environment, { ...options, grpc }, topic)),
  };
  await buildLoader();
  const runs = await floorGatewayFloor(runtime, start, (server) =>
    measureCollect(server, load, (what, done, total) =>
      progress.show(what.padEnd(24), done, total),
    ),
  );
  const summary = summarizeCollect(options, runs);
  runtime.print(json ? `${JSON.stringify(summary)}\n` : renderCollect(summary));
  // This command handles the stop signals itself, so it must end the process itself.
  runtime.exit(summary.ok ? 0 : 1);
}
