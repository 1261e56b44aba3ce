/** The adapter for Bun: no other file uses `Bun`. */

import http from "node:http";
import { totalmem } from "node:os";
import { basename } from "node:path";
import { isExecutable } from "../core/build.ts";
import { Failure } from "../core/failure.ts";
import {
  goingAwayCode,
  type Host,
  type Modules,
  type Socket,
  type SocketEvents,
} from "../core/host.ts";
import type { ByteSink, Sent, SinkEvents } from "../core/sink.ts";
import { type TlsContext, tlsServerOptions } from "../core/tls/server.ts";
import { cpuSeconds } from "./cpu.ts";
import { onUncaught, onWarning } from "./faults.ts";
import { MutualTls } from "./mutual-tls.ts";
import { openFiles } from "./open-files.ts";
import {
  type ConnectionPeer,
  idleTimeoutSeconds,
  type ListenOptions,
  type Runtime,
  type Server,
  socketMessageBytesMax,
} from "./runtime.ts";
import { afterBody } from "./unread-body.ts";

/**
 * Past its bound of 16 KiB Bun answers 431 on its own, without a body that says why. The bound is
 * raised, and the router refuses instead (`SLUICE_HEADER_BYTES_MAX`), with a problem.
 */
const engineHeaderBytesMax = 1_310_720;

/**
 * The same for bodies, past which Bun answers 413 without a body. Bun reads a body no faster than the
 * handler, and drops the rest of a refused one, so that it takes no memory.
 */
const engineBodyBytesMax = 2 ** 40;

export const bunRuntime: Runtime = {
  name: `bun ${Bun.version}`,
  environment: process.env,
  pid: process.pid,
  args: process.argv.slice(2),
  self: isExecutable ? [process.execPath] : [process.execPath, ...process.argv.slice(1, 2)],
  logLine: (line) => void process.stderr.write(line),
  print: (line) => void process.stdout.write(line),
  memoryBytes: residentBytes,
  heapBytes: () => process.memoryUsage().heapUsed,
  collectGarbage: () => Bun.gc(true),
  cpuSeconds,
  machineBytes: () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
  openFiles,
  onStop(callback) {
    for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => callback(signal));
  },
  onWarning,
  onUncaught,
  exit: (code) => process.exit(code),
  createServer: () => new BunServer(),
};

let lastResidentBytes = 0;

/** The last that is known where this process has no file descriptor left, which reading it takes. */
function residentBytes(): number {
  try {
    lastResidentBytes = process.memoryUsage.rss();
  } catch {
    // Clients may have taken all of them: this goes on without a new figure.
  }
  return lastResidentBytes;
}

/**
 * Minified modules, in tens of milliseconds for a page: a fresh clone needs no build. What the entry
 * imports dynamically is in separate modules.
 */
export async function bundleForBrowsers(entry: string, name: string): Promise<Modules> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    minify: true,
    splitting: true,
    naming: { entry: `${name}-[hash].js`, chunk: `${name}-[hash].js` },
    define: { "process.env.NODE_ENV": '"production"' },
    env: "disable",
  });
  const first = outputs.find(({ kind }) => kind === "entry-point");
  if (first === undefined) throw new Error(`Cannot bundle ${entry}: it gave no script`);
  const files = outputs.map(
    async (one) => [basename(one.path), new Uint8Array(await one.arrayBuffer())] as const,
  );
  return { entry: basename(first.path), files: new Map(await Promise.all(files)) };
}

interface SocketData {
  readonly open: (socket: Socket) => SocketEvents;
  socket?: BunSocket;
}

/** Bun ignores the response of an upgraded request, but handlers must return one. */
const upgraded = new Response(null);

/**
 * Without it Bun agrees to the first subprotocol that a client offers, whatever it is. No endpoint has
 * one; a client that needs one learns so from an answer that names none.
 */
const noProtocol = { "sec-websocket-protocol": "" };

/** A program of this machine that has found the inner port of a listener with client certificates. */
function notRelayed(): Response {
  return new Response("This port is for the gateway itself", { status: 403 });
}

class BunServer implements Server, Host {
  readonly host: Host = this;
  readonly #sinks = new Set<BunSink>();
  readonly #sockets = new Set<BunSocket>();
  #server: Bun.Server<SocketData> | undefined;
  /** Servers that accept no more connections, and serve those that they have. */
  readonly #former = new Set<Bun.Server<SocketData>>();
  #options: ListenOptions | undefined;
  /** Only where certificates of clients are requested, which Bun's server does not report. */
  #front: MutualTls | undefined;
  #isAccepting = true;
  #isStopped = false;

  async listen(options: ListenOptions): Promise<number> {
    Object.assign(http, { maxHeaderSize: engineHeaderBytesMax });
    if (options.tls?.client !== undefined) return await this.#listenBehind(options, options.tls);
    this.#server = this.#serve(options);
    const port = this.#server.port ?? options.port;
    this.#options = { ...options, port };
    return port;
  }

  async #listenBehind(options: ListenOptions, tls: TlsContext): Promise<number> {
    const fetch = (request: Request) =>
      this.peerOf(request) === undefined ? notRelayed() : options.fetch(request);
    const inner = { hostname: "127.0.0.1", port: 0 };
    this.#server = this.#serve({ ...inner, fetch });
    const { port = 0 } = this.#server;
    this.#front = new MutualTls(tls, { ...inner, port });
    return await this.#front.listen(options);
  }

  peerOf(request: Request): ConnectionPeer | undefined {
    const server = this.#server ?? [...this.#former].at(-1);
    const address = server?.requestIP(request);
    if (address === null || address === undefined) return undefined;
    return this.#front === undefined ? address : this.#front.peerAt(address.port);
  }

  accept(isOpen: boolean): void {
    this.#isAccepting = isOpen;
    if (this.#front !== undefined) return this.#front.accept(isOpen);
    if (isOpen) this.#open();
    else this.#close();
  }

  /** Bun cannot change the certificate of a listener, so another one takes its place. */
  secure(tls: TlsContext): void {
    if (this.#front !== undefined) return this.#front.secure(tls);
    if (this.#options === undefined) return;
    this.#options = { ...this.#options, tls };
    this.#close();
    if (this.#isAccepting) this.#open();
  }

  #open(): void {
    if (this.#isStopped || this.#options === undefined) return;
    this.#server ??= this.#serve(this.#options);
  }

  #close(): void {
    const former = this.#server;
    if (this.#isStopped || former === undefined) return;
    this.#server = undefined;
    this.#former.add(former);
    void former.stop(false).then(() => this.#former.delete(former));
  }

  #serve({ hostname, port, tls, fetch, isShared = false }: ListenOptions): Bun.Server<SocketData> {
    return Bun.serve<SocketData>({
      hostname,
      port,
      http2: true,
      ...(tls === undefined ? {} : { tls: tlsServerOptions(tls) }),
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: engineBodyBytesMax,
      development: false,
      // Without development mode Bun shares ports by default: two gateways would each get a part of
      // the requests, each with its own data.
      reusePort: isShared,
      fetch: (request) => afterBody(request, fetch(request)),
      websocket: {
        idleTimeout: idleTimeoutSeconds,
        maxPayloadLength: socketMessageBytesMax,
        perMessageDeflate: false,
        open: (ws) => {
          const socket = new BunSocket(ws);
          ws.data.socket = socket;
          this.#sockets.add(socket);
          socket.events = ws.data.open(socket);
        },
        message: (ws, message) => ws.data.socket?.events?.message(message),
        drain: (ws) => ws.data.socket?.events?.drained(),
        close: (ws) => {
          const { socket } = ws.data;
          if (socket === undefined) return;
          this.#sockets.delete(socket);
          socket.events?.closed();
        },
      },
    });
  }

  stream(open: (sink: ByteSink) => SinkEvents, init: ResponseInit): Response {
    const sink = new BunSink(this.#sinks);
    const source: DirectSource = {
      type: "direct",
      pull: (controller) => sink.open(controller, open),
      cancel: () => sink.gone(),
    };
    return new Response(new ReadableStream(source as unknown as UnderlyingDefaultSource), init);
  }

  upgrade(request: Request, open: (socket: Socket) => SocketEvents): Response {
    const options = { data: { open }, headers: noProtocol };
    if (this.#servers().some((server) => server.upgrade(request, options))) return upgraded;
    throw new Failure("invalid", "Cannot open a WebSocket: the request is no WebSocket handshake");
  }

  bundle(entry: string, name: string): Promise<Modules> {
    return bundleForBrowsers(entry, name);
  }

  async stop(withinMs: number): Promise<void> {
    this.#isStopped = true;
    const servers = this.#servers();
    this.#front?.close();
    const finished = Promise.all(servers.map((server) => server.stop(false)));
    for (const sink of [...this.#sinks]) sink.close();
    for (const socket of [...this.#sockets]) socket.close(goingAwayCode, "shutting_down");
    await Promise.race([finished, Bun.sleep(withinMs)]);
    await Promise.all(servers.map((server) => server.stop(true)));
    this.#front?.destroy();
  }

  #servers(): readonly Bun.Server<SocketData>[] {
    return this.#server === undefined ? [...this.#former] : [this.#server, ...this.#former];
  }
}

/** Bun's direct stream: writes go to the socket without a queue in between. */
interface DirectSource {
  readonly type: "direct";
  pull(controller: DirectController): void;
  cancel(): void;
}

interface DirectController {
  /** Bytes taken; a promise when the socket is full (the bytes are still taken); 0 when it is closed. */
  write(bytes: Uint8Array): number | Promise<number>;
  flush(): void;
  close(): void;
}

class BunSink implements ByteSink {
  readonly #all: Set<BunSink>;
  #controller: DirectController | undefined;
  #events: SinkEvents | undefined;

  constructor(all: Set<BunSink>) {
    this.#all = all;
  }

  open(controller: DirectController, open: (sink: ByteSink) => SinkEvents): void {
    this.#controller = controller;
    this.#all.add(this);
    this.#events = open(this);
    if (this.#controller === undefined) this.#tellClosed();
  }

  write(bytes: Uint8Array): Sent {
    const controller = this.#controller;
    if (controller === undefined) return "refused";
    const wrote = controller.write(bytes);
    controller.flush();
    if (typeof wrote === "number") {
      if (wrote > 0) return "sent";
      this.gone();
      return "refused";
    }
    wrote.then(
      () => {
        if (this.#controller !== undefined) this.#events?.drained();
      },
      () => this.gone(),
    );
    return "queued";
  }

  close(): void {
    const controller = this.#controller;
    this.gone();
    controller?.close();
  }

  /** The client left, or the stream is over. */
  gone(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#all.delete(this);
    this.#tellClosed();
  }

  #tellClosed(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.closed();
  }
}

class BunSocket implements Socket {
  readonly #ws: Bun.ServerWebSocket<SocketData>;
  events: SocketEvents | undefined;

  constructor(ws: Bun.ServerWebSocket<SocketData>) {
    this.#ws = ws;
  }

  send(message: string | Uint8Array): Sent {
    const sent =
      typeof message === "string" ? this.#ws.sendText(message) : this.#ws.sendBinary(message);
    if (sent > 0) return "sent";
    return sent < 0 ? "queued" : "refused";
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  get bufferedBytes(): number {
    return this.#ws.getBufferedAmount();
  }
}
