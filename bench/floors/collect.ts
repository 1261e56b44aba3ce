// The floor that `sluice bench collect` is compared with: a bare `node:http2` server that finds the
// messages in its input, counts them and their records, and answers with the count. It stores, checks
// and bounds nothing: the fastest server that could exist on this runtime.
//
//   bun bench/floors/collect.ts     prints "floor ready http://127.0.0.1:<port>"

import { createServer, type ServerHttp2Stream } from "node:http2";

/** As on Sluice's own listener: the window decides how often both sides wait. */
const windowBytes = 256 * 1024;
const RECORDS = 0x0a;
const headBytes = 5;

const server = createServer({
  maxSessionMemory: 64,
  settings: { initialWindowSize: windowBytes, maxConcurrentStreams: 1000 },
});
server.on("stream", (stream: ServerHttp2Stream) => {
  let records = 0;
  let rest: Buffer = Buffer.alloc(0);
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => {
    const bytes = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at + headBytes <= bytes.byteLength) {
      const to = at + headBytes + bytes.readUInt32BE(at + 1);
      if (to > bytes.byteLength) break;
      records += recordsIn(bytes, at + headBytes, to);
      at = to;
    }
    rest = bytes.subarray(at);
  });
  stream.on("end", () => {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc+proto" },
      { waitForTrailers: true },
    );
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(answer(records));
  });
});

/** Counts its fields 1, which are length-delimited; the load sends no other type. */
function recordsIn(bytes: Buffer, from: number, to: number): number {
  let records = 0;
  for (let at = from; at < to;) {
    if (bytes[at++] === RECORDS) records++;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += length;
  }
  return records;
}

/** A length-prefixed `CollectResponse` with the count. */
function answer(records: number): Uint8Array {
  const message = [0x08];
  let rest = records;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) message.push((rest & 0x7f) | 0x80);
  message.push(rest);
  return Uint8Array.from([0, 0, 0, 0, message.length, ...message]);
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`floor ready http://127.0.0.1:${port}\n`);
});
