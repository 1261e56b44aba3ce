/** A WebSocket as bytes, for what no client library does: floods, and a peer that does not read. */

import { connect, type Socket } from "node:net";
import { within } from "./until.ts";

export interface RawWs {
  readonly socket: Socket;
  /** Resolves once the kernel has taken the bytes, or the connection is over. */
  write(bytes: Uint8Array): Promise<void>;
  /** All that came, since the handshake. */
  readonly received: () => Buffer;
  /** Resolves when the connection is over. */
  readonly over: Promise<void>;
}

/** Opens a socket; with `reads: false` nothing is read after the handshake. */
export async function openRawWs(url: string, { reads = true } = {}): Promise<RawWs> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = Buffer.alloc(0);
  const over = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("error", () => resolve());
  });
  const opened = new Promise<void>((resolve) => {
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!received.toString("latin1", 0, 12).endsWith(" 101")) throw new Error(String(received));
      received = received.subarray(end + 4);
      socket.removeAllListeners("data");
      if (reads) socket.on("data", (more) => void (received = Buffer.concat([received, more])));
      else socket.pause();
      resolve();
    });
  });
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await within("a WebSocket handshake", 5000, opened);
  return {
    socket,
    write: (bytes) =>
      new Promise((resolve) => {
        void over.then(resolve);
        socket.write(bytes, () => resolve());
      }),
    received: () => received,
    over,
  };
}

/** A masked text frame; the mask is 0, which leaves the text as it is. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff]);
  if (payload.length > 0xffff) throw new Error("A frame of this helper has 65,535 bytes at most");
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

/** Code and reason of the close frame at the end of what came. */
export function closeFrame(received: Buffer): { code: number; reason: string } | undefined {
  for (let at = 0; at + 2 <= received.length;) {
    const { start, size } = payloadAt(received, at);
    if (received[at] === 0x88) {
      const reason = received.toString("utf8", start + 2, start + size);
      return { code: received.readUInt16BE(start), reason };
    }
    at = start + size;
  }
  return undefined;
}

function payloadAt(received: Buffer, at: number): { start: number; size: number } {
  const length = received[at + 1] ?? 0;
  if (length < 126) return { start: at + 2, size: length };
  if (length === 126) return { start: at + 4, size: received.readUInt16BE(at + 2) };
  return { start: at + 10, size: Number(received.readBigUInt64BE(at + 2)) };
}
