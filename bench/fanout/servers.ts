/** The servers that are measured: the floor, a gateway that the command starts, or one that runs already. */

import { fileURLToPath } from "node:url";
import { Gateway } from "../../src/cli/gateway/gateway.ts";
import { request } from "../../src/cli/gateway/request.ts";
import { Failure } from "../../src/core/failure.ts";
import type { Environment } from "../../src/runtime/runtime.ts";
import { type LogChoice, startGatewayProgram, startProgram } from "../program.ts";
import type { Address, Transport } from "./subscriber.ts";

const floorPath = fileURLToPath(new URL("../floors/fanout.ts", import.meta.url));

export interface Server extends AsyncDisposable {
  readonly name: string;
  /** Undefined: its process is not known, so its usage is not measured. */
  readonly pid: number | undefined;
  readonly address: Address;
  readonly publishUrl: string;
  /** With the credential that it needs. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exit code and last output of its process; undefined while it runs, or where another program started it. */
  ended(): string | undefined;
}

export async function startFloor(transport: Transport): Promise<Server> {
  const child = await startProgram([floorPath], {}, "floor ready");
  const [url = ""] = child.urls;
  const path = transport === "ws" ? "/ws" : "/sse";
  return {
    name: "floor",
    pid: child.pid,
    address: addressOf(new Gateway(url), transport, path, ""),
    publishUrl: `${url}/events`,
    headers: {},
    ended: child.ended,
    [Symbol.asyncDispose]: () => child.stop(),
  };
}

export async function startGateway(
  environment: Environment,
  log: LogChoice,
  transport: Transport,
): Promise<Server> {
  const child = await startGatewayProgram(environment, log);
  const gateway = await onEmitter(new Gateway(child.urls[0] ?? ""), child.pid, transport);
  return { ...gateway, ended: child.ended, [Symbol.asyncDispose]: () => child.stop() };
}

/** A gateway that runs already: the command creates an emitter on it and ends it afterwards. */
export async function onEmitter(
  gateway: Gateway,
  pid: number | undefined,
  transport: Transport,
): Promise<Server> {
  const { id } = await request<{ id: string }>(gateway, "PUT", "/log", { source: "external" });
  const hello = JSON.stringify({ op: "subscribe", emitter: id });
  return {
    name: "gateway",
    pid,
    address: addressOf(gateway, transport, transport === "ws" ? "/v1/ws" : `/sse/log/${id}`, hello),
    publishUrl: `${gateway.url}/log/${id}`,
    headers: gateway.headers,
    ended: () => undefined,
    [Symbol.asyncDispose]: () => request(gateway, "DELETE", `/log/${id}`),
  };
}

function addressOf(
  { url, headers }: Gateway,
  transport: Transport,
  path: string,
  hello: string,
): Address {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "http:") {
    throw new Failure("invalid", `Cannot measure ${url}: expected http:, subscribers speak no TLS`);
  }
  return {
    transport,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 80),
    path,
    hello,
    headers,
  };
}
