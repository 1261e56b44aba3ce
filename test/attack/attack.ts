/** What an attack is, and the clients that attacks share: none of them is polite. */

import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";

export interface Target {
  readonly url: string;
  readonly grpcUrl: string;
}

/** One of its clients: it goes on until `signal` aborts, or returns to be started again. */
export type AttackClient = (target: Target, signal: AbortSignal, index: number) => Promise<void>;

/** By name: what it does, in words. */
export type Attacks = Readonly<Record<string, AttackClient>>;

export const kilo = 1024;
export const mega = 1024 * 1024;

/** Computed once a process, when an attack first needs it. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

export function zipped(text: string, times: number): () => Buffer {
  return once(() => gzipSync(Buffer.alloc(text.length * times, text), { level: 9 }));
}

export function filled(text: string, bytes: number): () => Buffer {
  return once(() => Buffer.alloc(bytes, text));
}

/** One request whose answer is read and thrown away. Errors are the gateway's right. */
export async function request(
  url: string,
  init: RequestInit & { readonly signal: AbortSignal },
): Promise<void> {
  const response = await fetch(url, init).catch(() => undefined);
  await response?.arrayBuffer().catch(() => undefined);
}

export function post(
  path: string,
  body: () => Buffer | string,
  headers: Readonly<Record<string, string>> = {},
): AttackClient {
  return (target, signal) => {
    const given = body();
    const bytes = typeof given === "string" ? given : new Uint8Array(given);
    return request(target.url + path, {
      method: "POST",
      body: bytes,
      headers: { ...headers },
      signal,
    });
  };
}

export const gzip = { "content-encoding": "gzip" };
export const lines = { "content-type": "application/x-ndjson" };
export const json = { "content-type": "application/json" };

interface RawOptions {
  readonly read?: boolean;
  readonly holdMs?: number;
  readonly port?: "http" | "grpc";
}

/** Bytes on a plain socket, which then stays open; `read`: whether the answer is taken. */
export function raw(
  bytes: (host: string, index: number) => string | Buffer,
  { read = true, holdMs = 60_000, port = "http" }: RawOptions = {},
): AttackClient {
  return async (target, signal, index) => {
    const url = new URL(port === "http" ? target.url : target.grpcUrl);
    const socket = await tcp(url, signal);
    if (socket === undefined) return;
    if (read) socket.resume();
    else socket.pause();
    socket.write(bytes(url.host, index));
    await closed(socket, signal, holdMs);
  };
}

/** An open socket; undefined where it was refused. */
export async function tcp(url: URL, signal: AbortSignal): Promise<Socket | undefined> {
  const socket = connect(Number(url.port), url.hostname);
  socket.on("error", () => {});
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  if (!isOpen) await rest(50, signal);
  return isOpen ? socket : undefined;
}

export async function closed(socket: Socket, signal: AbortSignal, holdMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  await Promise.race([ended, rest(holdMs, signal)]);
  socket.destroy();
}

/** Resolves after `ms`, or when the attack is over. */
export function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** An HTTP/2 connection to the gRPC port, for as long as `use` takes. */
export async function withSession(
  target: Target,
  use: (session: ClientHttp2Session) => Promise<unknown>,
): Promise<void> {
  const session = connectHttp2(target.grpcUrl);
  session.on("error", () => {});
  try {
    await use(session);
  } finally {
    session.destroy();
  }
}
