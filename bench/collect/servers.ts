/** The servers that `sluice bench collect` sends to, by their gRPC addresses. */

import { fileURLToPath } from "node:url";
import type { Environment } from "../../src/runtime/runtime.ts";
import { type LogPlace, logPlaceFrom } from "../log.ts";
import {
  type LogChoice,
  type Program,
  startGatewayProgram,
  startOnLog,
  startProgram,
} from "../program.ts";
import type { GrpcAddress } from "./loader.ts";
import type { CollectOptions } from "./options.ts";

const streamFloorPath = fileURLToPath(new URL("../floors/collect.ts", import.meta.url));
const unaryFloorPath = fileURLToPath(new URL("../floors/publish.ts", import.meta.url));

export interface CollectServer extends AsyncDisposable {
  readonly name: string;
  /** Undefined: its process is not known, so its usage is not measured. */
  readonly pid: number | undefined;
  readonly grpc: GrpcAddress;
  /** Of its HTTP listener; left out: it has none. */
  readonly url?: string;
  readonly topic: string;
  /** Where its records can be read back. Undefined: not known, or the server keeps nothing. */
  readonly log: LogPlace | undefined;
  /** The credential that it asks for; left out: none. */
  readonly key?: string;
  ended(): string | undefined;
}

/** A server that counts frames and forgets them. */
export async function startStreamFloor(topic: string): Promise<CollectServer> {
  return serverFrom("floor", await startProgram([streamFloorPath], {}, "floor ready"), topic);
}

/** The same service on the same kind of log, behind connect-es. */
export async function startUnaryFloor(
  environment: Environment,
  log: LogChoice,
  topic: string,
): Promise<CollectServer> {
  const program = await startOnLog([unaryFloorPath], environment, log, "floor ready");
  return { ...serverFrom("floor", program, topic), log: placeOf(program, environment, log) };
}

/** With a key it is closed, and the key may do everything. */
export async function startCollector(
  environment: Environment,
  log: LogChoice,
  topic: string,
  key?: string,
): Promise<CollectServer> {
  const settings = key === undefined ? {} : { SLUICE_ADMIN_KEY: key };
  const program = await startGatewayProgram(environment, log, settings);
  const server = {
    ...serverFrom("gateway", program, topic),
    log: placeOf(program, environment, log),
  };
  return key === undefined ? server : { ...server, key };
}

/** A gateway that runs already; the environment names its log. */
export function onCollector(
  environment: Environment,
  { grpc, pid, key }: Pick<CollectOptions, "pid" | "key"> & { readonly grpc: GrpcAddress },
  topic: string,
): CollectServer {
  return {
    name: "gateway",
    pid,
    grpc,
    topic,
    ...(key === undefined ? {} : { key }),
    log: logPlaceFrom(environment),
    ended: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The last address of a ready line is the gRPC listener. */
function serverFrom(
  name: string,
  { urls, pid, ended, stop }: Program,
  topic: string,
): CollectServer {
  const { hostname, port } = new URL(urls.at(-1) ?? "");
  const grpc = { host: hostname, port: Number(port) };
  const [url = ""] = urls;
  return { name, pid, grpc, url, topic, log: undefined, ended, [Symbol.asyncDispose]: stop };
}

function placeOf(
  { dataDir }: Program,
  environment: Environment,
  log: LogChoice,
): LogPlace | undefined {
  return log === "embedded" ? { dataDir } : logPlaceFrom(environment);
}
