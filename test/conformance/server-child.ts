/**
 * The server that the public Connect conformance runner tests: one of Sluice's two listeners, with
 * the conformance service instead of Sluice's own. The runner says on standard input what it is
 * going to use, and reads on standard output where the server is, both as size-prefixed messages.
 *
 *     bun test/conformance/server-child.ts rpc | http
 */
import { fromBinary, toBinary, create } from "@bufbuild/protobuf";
import { Hono } from "hono";
import { createRpcFetch } from "../../src/rpc/fetch.ts";
import { createRpcHandlers } from "../../src/rpc/handlers.ts";
import { createRpcServer } from "../../src/rpc/server.ts";
import { bunRuntime } from "../../src/runtime/bun.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { conformanceTypes, mountConformance } from "./service.ts";

const host = "127.0.0.1";

const { messageReceiveLimit } = await readRequest();
const handlers = createRpcHandlers(mountConformance, {
  logger: (level, message, fields) =>
    bunRuntime.logLine(`${JSON.stringify({ level, message, ...fields })}\n`),
  messageBytesMax: messageReceiveLimit === 0 ? 8 * 1024 * 1024 : messageReceiveLimit,
  stopping: new AbortController().signal,
  registry: conformanceTypes,
});
await writeResponse(await (bunRuntime.args[0] === "rpc" ? listenRpc() : listenHttp()));

function listenRpc(): Promise<number> {
  return createRpcServer(handlers).listen(host, 0);
}

function listenHttp(): Promise<number> {
  const app = new Hono();
  const { paths, fetch } = createRpcFetch(handlers);
  for (const path of paths) app.all(path, (c) => fetch(c.req.raw));
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
