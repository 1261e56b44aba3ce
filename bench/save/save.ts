/** `sluice bench save`: measurements one a request, beside the floor, in one run on one machine. */
import type { Runtime } from "../../src/runtime/runtime.ts";
import { Progress } from "../../src/cli/progress.ts";
import { floorGatewayFloor } from "../runs.ts";
import { measureSave } from "./measure.ts";
import type { SaveOptions } from "./options.ts";
import { renderSave } from "./report.ts";
import { startSaveFloor, startSaveGateway } from "./servers.ts";
import { wantOwnTopic } from "../query/series-gateway.ts";
import { summarizeSave } from "./summary.ts";

/** Exits with 1 when the store does not have exactly what was acknowledged. */
export async function benchSave(runtime: Runtime, options: SaveOptions): Promise<void> {
  const { load, log, json } = options;
  await wantOwnTopic(runtime.environment, log);
  const progress = new Progress(runtime);
  const start = {
    floor: startSaveFloor,
    gateway: () => startSaveGateway(runtime.environment, log),
  };
  const runs = await floorGatewayFloor(runtime, start, (server) =>
    measureSave(server, load, (what, done, total) => progress.show(what.padEnd(24), done, total)),
  );
  const summary = summarizeSave(options, runs);
  runtime.print(json ? `${JSON.stringify(summary)}\n` : renderSave(summary));
  // The stop signals are this command's own: nothing else ends the process.
  runtime.exit(summary.ok ? 0 : 1);
}
