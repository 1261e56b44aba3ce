/** `sluice bench fanout`: floor, gateway, floor again, in one run on one machine. */
import { Failure } from "../../core/failure.ts";
import type { Runtime } from "../../core/runtime.ts";
import { Progress } from "../progress.ts";
import { measure, measureIdle, type OnProgress } from "./measure.ts";
import type { FanoutOptions, Runs } from "./options.ts";
import { renderFanout, renderIdle } from "./report.ts";
import { onEmitter, startFloor, startGateway, type Server } from "./servers.ts";
import { summarizeFanout, summarizeIdle } from "./summary.ts";

/** Exits with 1 when events were lost. */
export async function benchFanout(runtime: Runtime, options: FanoutOptions): Promise<void> {
  const progress = new Progress(runtime);
  const onProgress: OnProgress = (what, done, total) => progress.show(what.padEnd(24), done, total);
  const { load, schedule, json } = options;
  if (options.idle) {
    const runs = await floorGatewayFloor(runtime, options, (server) =>
      measureIdle(server, load, onProgress),
    );
    const summary = summarizeIdle(options, runs);
    runtime.print(json ? `${JSON.stringify(summary)}\n` : renderIdle(summary));
  } else {
    const runs = await floorGatewayFloor(runtime, options, (server) =>
      measure(server, load, schedule, onProgress),
    );
    const summary = summarizeFanout(options, runs);
    runtime.print(json ? `${JSON.stringify(summary)}\n` : renderFanout(summary));
    if (!summary.ok) runtime.exit(1);
  }
  // The stop signals are this command's own: nothing else ends the process.
  runtime.exit(0);
}

/** Each server is alone on the machine while it is measured. */
async function floorGatewayFloor<Result>(
  runtime: Runtime,
  options: FanoutOptions,
  work: (server: Server) => Promise<Result>,
): Promise<Runs<Result>> {
  const { transport, log, url, pid } = options;
  let current: Server | undefined;
  runtime.onStop(() => {
    void Promise.resolve(current?.[Symbol.asyncDispose]()).finally(() => runtime.exit(130));
  });
  const on = async (starting: Promise<Server>): Promise<Result> => {
    await using server = await starting;
    current = server;
    try {
      return await work(server);
    } catch (error) {
      const fate = server.ended();
      if (fate === undefined) throw error;
      throw new Failure("unavailable", `Cannot measure the ${server.name}: it ${fate}`, {
        cause: error,
      });
    }
  };
  const floor = await on(startFloor(transport));
  const gateway = await on(
    url === undefined
      ? startGateway(runtime.environment, log, transport)
      : onEmitter(url, pid, transport),
  );
  return { floor, gateway, floorAgain: await on(startFloor(transport)) };
}
