/**
 * The server that the public Connect conformance runner tests: one of Sluice's two listeners, with
 * the conformance service instead of Sluice's own. The runner says on standard input what it is
 * going to use, and reads on standard output where the server is, both as size-prefixed messages.
 * `thin-…`: the same listeners with a thin path first, and nothing behind it.
 *
 *     bun test/conformance/server-child.ts rpc | http | thin-grpc | thin-connect
 */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Hono } from "hono";
import { openCaller } from "../../src/core/access/caller.ts";
import { openGuard } from "../../src/core/access/guard.ts";
import { isPublic } from "../../src/core/access/need.ts";
import { Share } from "../../src/core/budget/memory.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { pathOfMethod } from "../../src/rpc/access.ts";
import { createRpcFetch } from "../../src/rpc/fetch.ts";
import { createRpcHandlers } from "../../src/rpc/handlers.ts";
import { createRpcServer } from "../../src/rpc/server.ts";
import { bunRuntime } from "../../src/runtime/bun.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { ConformanceService } from "./gen/connectrpc/conformance/v1/service_pb.ts";
import { conformanceTypes, mountConformance } from "./service.ts";
import { mountBehindThin, thinConnect, thinGrpc } from "./thin.ts";

const host = "127.0.0.1";

const listener = bunRuntime.args[0] ?? "";
const isThin = listener.startsWith("thin-");
const { messageReceiveLimit } = await readRequest();
const messageBytesMax = messageReceiveLimit === 0 ? 8 * 1024 * 1024 : messageReceiveLimit;
/** The suite sends no credentials. */
const access = new Map(
  ConformanceService.methods.map((method) => [pathOfMethod(method), isPublic("it is a test")]),
);
const handlers = createRpcHandlers(isThin ? mountBehindThin : mountConformance, {
  logger: (level, message, fields) =>
    bunRuntime.logLine(`${JSON.stringify({ level, message, ...fields })}\n`),
  access,
  messageBytesMax,
  fieldsMax: 100_000,
  receiving: new Share("receiving", 64 * 1024 * 1024),
  turns: new Turns(),
  stopping: new AbortController().signal,
  registry: conformanceTypes,
});
const isRpc = listener === "rpc" || listener === "thin-grpc";
await writeResponse(await (isRpc ? listenRpc() : listenHttp()));

function listenRpc(): Promise<number> {
  const first = isThin ? { first: thinGrpc(messageBytesMax) } : {};
  return createRpcServer(handlers, { guard: openGuard, access, ...first }).listen(host, 0);
}

function listenHttp(): Promise<number> {
  const app = new Hono();
  const first = isThin ? { first: thinConnect(messageBytesMax) } : {};
  const { methods, fetch } = createRpcFetch(handlers, { access, ...first });
  for (const path of methods.keys()) app.all(path, (c) => fetch(c.req.raw, openCaller));
  return bunRuntime
    .createServer()
    .listen({ hostname: host, port: 0, fetch: (request) => app.fetch(request) });
}

async function readRequest() {
  let bytes = new Uint8Array(0);
  for await (const chunk of Bun.stdin.stream()) {
    bytes = Buffer.concat([bytes, chunk]);
    const size =
      bytes.byteLength < 4 ? Infinity : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (bytes.byteLength >= 4 + size) {
      return fromBinary(ServerCompatRequestSchema, bytes.subarray(4, 4 + size));
    }
  }
  throw new Error("The runner's request ends too early");
}

async function writeResponse(port: number): Promise<void> {
  const message = toBinary(
    ServerCompatResponseSchema,
    create(ServerCompatResponseSchema, { host, port }),
  );
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, message.byteLength);
  await Bun.write(Bun.stdout, Buffer.concat([size, message]));
}
