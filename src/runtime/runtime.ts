/** What a runtime provides: `src/runtime/` has one file for each. */

import type { PeerCertificate } from "../core/access/guard.ts";
import type { Host } from "../core/host.ts";
import type { TlsContext } from "../core/tls/server.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Runtime {
  readonly name: string;
  readonly environment: Environment;
  readonly pid: number;
  /** Arguments after the program. */
  readonly args: readonly string[];
  /** The words that start this program again, before its arguments. */
  readonly self: readonly string[];
  /** Writes to standard error, where the log lines go. */
  logLine(line: string): void;
  /** Writes to standard output. */
  print(line: string): void;
  /** Resident memory of this process in bytes. Never throws. */
  memoryBytes(): number;
  /** Memory of the JavaScript heap in bytes. */
  heapBytes(): number;
  /** Collects all garbage at once, where the runtime can be told to. */
  collectGarbage(): void;
  /** Processor time of this process, its threads included, in seconds. */
  cpuSeconds(): number;
  /** Memory of the machine, or of the container where that is less. */
  machineBytes(): number;
  /** Undefined where the system does not report them. */
  openFiles(): OpenFiles | undefined;
  /** Calls back on SIGTERM and SIGINT. */
  onStop(callback: (signal: string) => void): void;
  /** Calls back with what the runtime or a library warns of, which is then not printed. */
  onWarning(callback: (warning: Error) => void): void;
  /** Calls back with an error that no code caught; the callback must end the process. */
  onUncaught(callback: (error: unknown) => void): void;
  exit(code: number): never;
  createServer(): Server;
}

/** File descriptors of this process. */
export interface OpenFiles {
  /** The lowest free one: about as many are open. */
  readonly open: number;
  readonly max: number;
}

/** A listener, and what it provides for handlers, which need it before it starts. */
export interface Server {
  readonly host: Host;
  /**
   * Accepts HTTP/1.1 (and HTTP/2 where the runtime has it); resolves to the port. Throws an error
   * with code `EADDRINUSE` or `EACCES` when the port is not available.
   */
  listen(options: ListenOptions): Promise<number>;
  /** The other end of the connection that a request came by; undefined where that has ended. */
  peerOf(request: Request): ConnectionPeer | undefined;
  /**
   * From now on new connections get this certificate; open streams and sockets stay, idle connections may
   * be closed. Throws where the port cannot be listened to again: call it again then.
   */
  secure(tls: TlsContext): void;
  /** Stops or resumes accepting connections; of those that are open, idle ones may be closed. */
  accept(isOpen: boolean): void;
  /** Accepts no more connections, closes open streams and sockets, waits for what is in flight. */
  stop(withinMs: number): Promise<void>;
}

export interface ConnectionPeer {
  readonly address: string | undefined;
  /** Only of a listener with a client CA, which vouches for it. */
  readonly certificate?: PeerCertificate | undefined;
}

export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  /** Undefined: without TLS. */
  readonly tls?: TlsContext | undefined;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Whether other processes listen on the same port, and get their part of the connections. */
  readonly isShared?: boolean;
}

/** Seconds of silence after which a connection is closed: well above the heartbeat. */
export const idleTimeoutSeconds = 120;

/** The largest WebSocket message taken. */
export const socketMessageBytesMax = 4 * 1024 * 1024;
