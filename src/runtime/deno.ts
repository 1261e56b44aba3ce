/** The adapter for Deno: no other file uses `Deno`. It proves that the rest does not depend on Bun. */

import { Failure } from "../core/failure.ts";
import { goingAwayCode, type Host, type Socket, type SocketEvents } from "../core/host.ts";
import type { ByteSink, Sent, SinkEvents } from "../core/sink.ts";
import type { TlsContext } from "../core/tls/server.ts";
import { cpuSeconds } from "./cpu.ts";
import { onUncaught, onWarning } from "./faults.ts";
import { openFiles } from "./open-files.ts";
import {
  type ConnectionPeer,
  idleTimeoutSeconds,
  type ListenOptions,
  type Runtime,
  type Server,
} from "./runtime.ts";

/** Bytes that may wait in a stream or socket before its writer gets `queued`. */
const queuedBytesMax = 64 * 1024;

/** A socket has no event for having drained: it is polled this often while it is full. */
const drainPollMs = 20;

export const denoRuntime: Runtime = {
  name: `deno ${Deno.version.deno}`,
  environment: Deno.env.toObject(),
  pid: Deno.pid,
  args: Deno.args,
  self: [Deno.execPath(), "run", "--allow-all", Deno.mainModule],
  logLine: (line) => void Deno.stderr.writeSync(new TextEncoder().encode(line)),
  print: (line) => void Deno.stdout.writeSync(new TextEncoder().encode(line)),
  memoryBytes: () => Deno.memoryUsage().rss,
  heapBytes: () => Deno.memoryUsage().heapUsed,
  // Deno has no such call, unless V8 is started with a flag for it.
  collectGarbage: () => {},
  cpuSeconds,
  machineBytes: () => Deno.systemMemoryInfo().total,
  openFiles,
  onStop(callback) {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => callback(signal));
    }
  },
  onWarning,
  onUncaught,
  exit: (code) => Deno.exit(code),
  createServer: () => new DenoServer(),
};

class DenoServer implements Server, Host {
  readonly host: Host = this;
  readonly #sinks = new Set<DenoSink>();
  readonly #sockets = new Set<DenoSocket>();
  readonly #addresses = new WeakMap<Request, string>();
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;

  listen({ hostname, port, tls, fetch, isShared = false }: ListenOptions): Promise<number> {
    if (tls?.client !== undefined) {
      throw new Failure(
        "invalid",
        "Cannot use SLUICE_TLS_CLIENT_CA: Deno's server does not ask for client certificates, expected Bun",
      );
    }
    const secured = tls === undefined ? {} : { cert: tls.cert, key: tls.key };
    try {
      const options = { hostname, port, reusePort: isShared, onListen: () => {}, ...secured };
      this.#server = Deno.serve(options, (request, { remoteAddr }) => {
        this.#addresses.set(request, remoteAddr.hostname);
        return fetch(request);
      });
    } catch (error) {
      throw Object.assign(new Error("Cannot listen", { cause: error }), {
        code: listenCode(error),
      });
    }
    return Promise.resolve(this.#server.addr.port);
  }

  peerOf(request: Request): ConnectionPeer | undefined {
    return { address: this.#addresses.get(request) };
  }

  secure(_tls: TlsContext): void {
    throw new Failure(
      "internal",
      "Cannot change the certificate: Deno's listener keeps the one it was started with, expected a restart",
    );
  }

  /** Deno waits for a free descriptor on its own. */
  accept(): void {}

  stream(open: (sink: ByteSink) => SinkEvents, init: ResponseInit): Response {
    const sink = new DenoSink(this.#sinks);
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => sink.open(controller, open),
        pull: () => sink.pulled(),
        cancel: () => sink.gone(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: queuedBytesMax }),
    );
    return new Response(body, init);
  }

  upgrade(request: Request, open: (socket: Socket) => SocketEvents): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new Failure(
        "invalid",
        "Cannot open a WebSocket: the request is no WebSocket handshake",
      );
    }
    const { socket: ws, response } = Deno.upgradeWebSocket(request, {
      idleTimeout: idleTimeoutSeconds,
    });
    ws.binaryType = "arraybuffer";
    const socket = new DenoSocket(ws);
    ws.onopen = () => {
      this.#sockets.add(socket);
      socket.events = open(socket);
    };
    ws.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      socket.events?.message(typeof data === "string" ? data : new Uint8Array(data));
    };
    // An error is followed by a close, which is handled.
    ws.onclose = () => {
      this.#sockets.delete(socket);
      socket.ended();
    };
    return response;
  }

  async stop(withinMs: number): Promise<void> {
    for (const sink of [...this.#sinks]) sink.close();
    for (const socket of [...this.#sockets]) socket.close(goingAwayCode, "shutting_down");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([this.#server?.shutdown(), late]);
    clearTimeout(timer);
  }
}

/** Node's error codes, on which the gateway decides. */
function listenCode(error: unknown): string | undefined {
  if (error instanceof Deno.errors.AddrInUse) return "EADDRINUSE";
  return error instanceof Deno.errors.PermissionDenied ? "EACCES" : undefined;
}

class DenoSink implements ByteSink {
  readonly #all: Set<DenoSink>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #events: SinkEvents | undefined;
  #queued = false;

  constructor(all: Set<DenoSink>) {
    this.#all = all;
  }

  open(
    controller: ReadableStreamDefaultController<Uint8Array>,
    open: (sink: ByteSink) => SinkEvents,
  ): void {
    this.#controller = controller;
    this.#all.add(this);
    this.#events = open(this);
    if (this.#controller === undefined) this.#tellClosed();
  }

  write(bytes: Uint8Array): Sent {
    const controller = this.#controller;
    if (controller === undefined) return "refused";
    controller.enqueue(bytes);
    this.#queued = (controller.desiredSize ?? 0) <= 0;
    return this.#queued ? "queued" : "sent";
  }

  /** The stream pulls: all queued bytes were sent. */
  pulled(): void {
    if (!this.#queued) return;
    this.#queued = false;
    this.#events?.drained();
  }

  close(): void {
    const controller = this.#controller;
    this.gone();
    controller?.close();
  }

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

class DenoSocket implements Socket {
  readonly #ws: WebSocket;
  events: SocketEvents | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;

  constructor(ws: WebSocket) {
    this.#ws = ws;
  }

  send(message: string | Uint8Array): Sent {
    if (this.#ws.readyState !== WebSocket.OPEN) return "refused";
    this.#ws.send(typeof message === "string" ? message : new Uint8Array(message));
    if (this.#ws.bufferedAmount <= queuedBytesMax) return "sent";
    this.#poll ??= setInterval(() => this.#look(), drainPollMs);
    return "queued";
  }

  close(code: number, reason: string): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.close(code, reason);
  }

  /** Deno has no way to cut a socket: its closing handshake times out. */
  terminate(): void {
    this.close(goingAwayCode, "");
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  ended(): void {
    clearInterval(this.#poll);
    const { events } = this;
    this.events = undefined;
    events?.closed();
  }

  #look(): void {
    if (this.#ws.bufferedAmount > 0) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
    this.events?.drained();
  }
}
