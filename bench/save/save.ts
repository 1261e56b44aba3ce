/** `sluice bench save`: one measurement per request, compared with a floor in the same run on the same machine. */

import { Progress } from "../../src/cli/terminal/progress.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { floorGatewayFloor } from "../runs.ts";
import { requireOwnTopic } from "../series/gateway.ts";
import { measureSave } from "./measure.ts";
import type { SaveOptions } from "./options.ts";
import { renderSave } from "./report.ts";
import { startSaveFloor, startSaveGateway } from "./servers.ts";
import { summarizeSave } from "./summary.ts";

/** Exits with 1 when the store does not contain exactly what was acknowledged. */
export async function benchSave(runtime: Runtime, options: SaveOptions): Promise<void> {
  const { load, log, json } = options;
  await requireOwnTopic(runtime.environment, log);
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
  // This command handles the stop signals itself, so it must end the process itself.
  runtime.exit(summary.ok ? 0 : 1);
}
