// Behind a real HTTP/2 server, because what matters is what one read of a socket brings.

import { afterAll, beforeEach, expect, test } from "bun:test";
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { CallStarts } from "./call-starts.ts";

let came = 0;
let begun: string[] = [];
const starts = new CallStarts();
const server = createServer({ settings: { maxConcurrentStreams: 1000 } });
server.on("stream", (stream: ServerHttp2Stream, { ":path": path = "" }) => {
  stream.on("error", () => {});
  came++;
  starts.run(stream, () => {
    begun.push(path);
    stream.respond({ ":status": 200 });
    stream.end(path);
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;

beforeEach(() => {
  came = 0;
  begun = [];
});
afterAll(() => server.close());

async function withSession(use: (session: ClientHttp2Session) => Promise<void>): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  await new Promise<void>((resolve) => session.once("remoteSettings", () => resolve()));
  await use(session);
  session.destroy();
}

function get(session: ClientHttp2Session, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path });
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (data: string) => (text += data));
    stream.on("end", () => resolve(text));
    stream.on("error", reject);
  });
}

test("all calls of a connection begin, in their order, however many come at once", async () => {
  await withSession(async (session) => {
    const paths = Array.from({ length: 500 }, (_, n) => `/${n}`);
    expect(await Promise.all(paths.map((path) => get(session, path)))).toEqual(paths);
    expect(begun).toEqual(paths);
  });
});

test("few of a thousand calls begin that are reset at once", async () => {
  await withSession(async (session) => {
    for (let n = 0; n < 1000; n++) {
      const stream = session.request({ ":path": "/reset" }, { endStream: false });
      stream.on("error", () => {});
      stream.close(8);
    }
    expect(await get(session, "/last")).toBe("/last");
    expect(came).toBeGreaterThan(500);
    expect(begun.length).toBeLessThan(came / 2);
  });
});
