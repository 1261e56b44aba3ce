/** The servers that `sluice bench save` sends to. */

import { fileURLToPath } from "node:url";
import type { Environment } from "../../src/runtime/runtime.ts";
import { type LogChoice, type Program, startProgram } from "../program.ts";
import { startSeriesGateway } from "../series/gateway.ts";

const floorPath = fileURLToPath(new URL("../floors/save.ts", import.meta.url));

export interface SaveServer extends AsyncDisposable {
  readonly name: string;
  readonly pid: number | undefined;
  readonly url: string;
  /** Data directory of its PostgreSQL; empty for a server without one. */
  readonly dataDir: string;
  ended(): string | undefined;
}

export async function startSaveFloor(): Promise<SaveServer> {
  return serverFrom("floor", await startProgram([floorPath], {}, "floor ready"));
}

export async function startSaveGateway(
  environment: Environment,
  log: LogChoice,
): Promise<SaveServer> {
  return serverFrom("gateway", await startSeriesGateway(environment, log));
}

function serverFrom(name: string, { urls, pid, dataDir, ended, stop }: Program): SaveServer {
  return { name, pid, url: urls[0] ?? "", dataDir, ended, [Symbol.asyncDispose]: stop };
}
