/** `sluice bench soak`: does the memory of a gateway stay where it is? */

import { Progress } from "../../src/cli/terminal/progress.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { requireOwnTopic } from "../series/gateway.ts";
import { megabytes, whole } from "../table.ts";
import { startSoakGateway } from "./gateway.ts";
import { measureSoak } from "./measure.ts";
import type { SoakOptions } from "./options.ts";
import { renderSoak } from "./report.ts";
import { summarizeSoak } from "./summary.ts";

/** Exits with 1 when something was lost, came twice, or grew. */
export async function benchSoak(runtime: Runtime, options: SoakOptions): Promise<void> {
  const { log, json } = options;
  await requireOwnTopic(runtime.environment, log);
  const progress = new Progress(runtime);
  await using gateway = await startSoakGateway(runtime.environment, log);
  runtime.onStop(() => {
    void Promise.resolve(gateway[Symbol.asyncDispose]()).finally(() => runtime.exit(130));
  });
  const measured = await measureSoak(gateway, options, ({ minutes, bytes }, deliveries) => {
    progress.line(
      `${minutes.toFixed(1)} of ${options.minutes} minutes: ${megabytes(bytes)}, ${whole(deliveries.connections)} connections, ${whole(deliveries.lost)} lost`,
    );
  });
  progress.clear();
  await gateway[Symbol.asyncDispose]();
  const summary = summarizeSoak(options, measured);
  runtime.print(json ? `${JSON.stringify(summary)}\n` : renderSoak(summary));
  // This command handles the stop signals itself, so it must end the process itself.
  runtime.exit(summary.ok ? 0 : 1);
}
