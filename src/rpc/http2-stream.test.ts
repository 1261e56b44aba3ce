import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { requestFromStream, writeResponse } from "./http2-stream.ts";

const stallMs = 300;

let server: Http2Server;
let session: ClientHttp2Session;
/** What the next stream is answered with. */
let answer: (stream: ServerHttp2Stream) => Promise<void>;

beforeAll(async () => {
  server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    void answer(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  session = connect(`http://127.0.0.1:${port}`);
});

afterAll(() => {
  session.destroy();
  server.close();
});

async function* blocks(count: number, sent: { bytes: number }): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    sent.bytes += 65_536;
    yield new Uint8Array(65_536);
  }
}

function call(): ClientHttp2Stream {
  const stream = session.request({ ":method": "POST", ":path": "/a/b?c=d", "x-many": "1, 2" });
  stream.on("error", () => {});
  return stream;
}

test("headers, body and trailers arrive as they were given", async () => {
  const trailer = new Headers({ "grpc-status": "0" });
  answer = (stream) => {
    const response: UniversalServerResponse = {
      status: 200,
      header: new Headers({ "content-type": "application/grpc" }),
      trailer,
      body: (async function* () {
        yield new Uint8Array([1, 2]);
        yield new Uint8Array([3]);
        // Known only once the body has ended.
        trailer.set("grpc-message", "done");
      })(),
    };
    return writeResponse(stream, response, stallMs);
  };
  const stream = call();
  stream.end();
  const heard: Record<string, unknown> = {};
  stream.on("response", (headers) => (heard["type"] = headers["content-type"]));
  stream.on("trailers", (trailers) => (heard["message"] = trailers["grpc-message"]));
  const body: number[] = [];
  for await (const chunk of stream) body.push(...new Uint8Array(chunk));
  expect(body).toEqual([1, 2, 3]);
  expect(heard).toEqual({ type: "application/grpc", message: "done" });
});

test("no more is written than the peer takes, and one that takes nothing is reset", async () => {
  const sent = { bytes: 0 };
  const written = Promise.withResolvers<unknown>();
  answer = async (stream) => {
    const response = { status: 200, body: blocks(10_000, sent) };
    written.resolve(
      await writeResponse(stream, response, stallMs).catch((error: unknown) => error),
    );
  };
  const stream = call();
  stream.end();
  const closed = new Promise((resolve) => stream.on("close", () => resolve(stream.rstCode)));
  expect(ConnectError.from(await written.promise).code).toBe(Code.Canceled);
  expect(sent.bytes).toBeLessThan(8 * 65_536);
  stream.resume();
  expect(await closed).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
});

test("a peer that takes a little is waited for", async () => {
  const sent = { bytes: 0 };
  // Two pauses are longer than it, and no other program holds this one up for as long as one is.
  const patientMs = 1500;
  answer = (stream) => writeResponse(stream, { status: 200, body: blocks(64, sent) }, patientMs);
  const stream = call();
  stream.end();
  let bytes = 0;
  let pauses = 0;
  for await (const chunk of stream) {
    bytes += new Uint8Array(chunk).byteLength;
    if (bytes < (pauses + 1) * 16 * 65_536) continue;
    pauses++;
    await Bun.sleep(patientMs / 2);
  }
  expect([bytes, pauses]).toEqual([64 * 65_536, 4]);
});

test("the handler hears why the stream is over", async () => {
  const reason = Promise.withResolvers<unknown>();
  answer = async (stream) => {
    const { signal } = requestFromStream(stream, {});
    signal.addEventListener("abort", () => reason.resolve(signal.reason));
  };
  const stream = call();
  await Bun.sleep(50);
  stream.close(constants.NGHTTP2_CANCEL);
  const error = await reason.promise;
  expect(error).toBeInstanceOf(ConnectError);
  expect(ConnectError.from(error).code).toBe(Code.Canceled);
});

test("a request is that of its headers, and its body may be left half read", async () => {
  const seen = Promise.withResolvers<unknown>();
  answer = async (stream) => {
    const request = requestFromStream(stream, {
      ":method": "POST",
      ":path": "/a/b?c=d",
      ":authority": "sluice.test",
      "x-many": "1, 2",
    });
    const body = request.body as AsyncIterable<Uint8Array>;
    for await (const chunk of body) {
      seen.resolve([request.method, request.url, [...request.header], chunk.byteLength > 0]);
      break;
    }
    await writeResponse(stream, { status: 204 }, stallMs);
  };
  const stream = call();
  stream.write(new Uint8Array(10));
  const status = new Promise((resolve) => stream.on("response", (h) => resolve(h[":status"])));
  expect(await seen.promise).toEqual([
    "POST",
    "http://localhost/a/b?c=d",
    [["x-many", "1, 2"]],
    true,
  ]);
  expect(await status).toBe(204);
  stream.close();
});
