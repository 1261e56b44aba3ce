// Behind a real HTTP/2 server, because what matters is what one read of a socket brings.

import { afterAll, beforeEach, expect, test } from "bun:test";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type ServerHttp2Stream,
} from "node:http2";
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

/**
 * Opens so many calls and resets each at once, as far as the server lets it; a pause after every `each` lets it
 * read them.
 */
async function resetAtOnce(session: ClientHttp2Session, count: number, each: number) {
  for (let n = 1; n <= count; n++) {
    const stream = openUnlessClosed(session);
    if (stream === undefined) return;
    stream.on("error", () => {});
    stream.close(8);
    if (n % each === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function openUnlessClosed(session: ClientHttp2Session): ClientHttp2Stream | undefined {
  try {
    return session.request({ ":path": "/reset" }, { endStream: false });
  } catch {
    return undefined;
  }
}

test("of calls that are reset at once few begin, and the connection stays open for the others", async () => {
  await withSession(async (session) => {
    await resetAtOnce(session, 1000, 1000);
    expect(await get(session, "/last")).toBe("/last");
    expect(came).toBeGreaterThan(500);
    expect(begun.length).toBeLessThan(came / 2);
  });
});

test("a client that goes on resetting calls before they begin loses its connections, and no other", async () => {
  await withSession(async (other) => {
    // The engine closes a connection with a thousand resets by itself.
    for (let n = 0; n < 5; n++) {
      await withSession((session) => resetAtOnce(session, 900, 300));
    }
    came = 0;
    await withSession(async (session) => {
      const closed = new Promise<number>((resolve) => session.once("goaway", resolve));
      await resetAtOnce(session, 900, 100);
      expect(await closed).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      expect(came).toBeLessThan(700);
    });
    expect(await get(other, "/other")).toBe("/other");
    // It has reset little itself, whatever else comes from its address.
    await resetAtOnce(other, 90, 90);
    expect(await get(other, "/another")).toBe("/another");
  });
});

test("a connection that resets some of many calls stays open", async () => {
  await withSession(async (session) => {
    for (let round = 0; round < 20; round++) {
      const answers = Array.from({ length: 80 }, (_, n) => get(session, `/${n}`));
      await resetAtOnce(session, 20, 20);
      expect((await Promise.all(answers)).length).toBe(80);
    }
    expect(await get(session, "/last")).toBe("/last");
  });
});
