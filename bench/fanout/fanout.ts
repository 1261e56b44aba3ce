/** `sluice bench fanout`: floor, gateway, floor again, in one run on one machine. */

import { Progress } from "../../src/cli/terminal/progress.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { floorGatewayFloor, type OnProgress } from "../runs.ts";
import { measure, measureIdle } from "./measure.ts";
import type { FanoutOptions } from "./options.ts";
import { renderFanout, renderIdle } from "./report.ts";
import { onEmitter, startFloor, startGateway } from "./servers.ts";
import { summarizeFanout, summarizeIdle } from "./summary.ts";

/** Exits with 1 when events were lost. */
export async function benchFanout(runtime: Runtime, options: FanoutOptions): Promise<void> {
  const progress = new Progress(runtime);
  const onProgress: OnProgress = (what, done, total) => progress.show(what.padEnd(24), done, total);
  const { load, schedule, transport, log, gateway, pid, json } = options;
  const start = {
    floor: () => startFloor(transport),
    gateway: () =>
      gateway === undefined
        ? startGateway(runtime.environment, log, transport)
        : onEmitter(gateway, pid, transport),
  };
  if (options.idle) {
    const runs = await floorGatewayFloor(runtime, start, (server) =>
      measureIdle(server, load, onProgress),
    );
    const summary = summarizeIdle(options, runs);
    runtime.print(json ? `${JSON.stringify(summary)}\n` : renderIdle(summary));
  } else {
    const runs = await floorGatewayFloor(runtime, start, (server) =>
      measure(server, load, schedule, onProgress),
    );
    const summary = summarizeFanout(options, runs);
    runtime.print(json ? `${JSON.stringify(summary)}\n` : renderFanout(summary));
    if (!summary.ok) runtime.exit(1);
  }
  // This command handles the stop signals itself, so it must end the process itself.
  runtime.exit(0);
}
