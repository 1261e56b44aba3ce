/**
 * TLS with client certificates in front of Bun's server, which does not say whose certificate a request came
 * by. This listener ends TLS itself, and passes each connection on over loopback. A request is recognised by
 * the port from which it was passed on, so that nothing else that reaches the inner port is served.
 */

import { connect, type Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { verifiedCertificate } from "../core/tls/peer.ts";
import { type TlsContext, tlsServerOptions } from "../core/tls/server.ts";
import type { ConnectionPeer, ListenOptions } from "./runtime.ts";

/** Time for a client to finish its handshake. */
const handshakeMs = 10_000;

export class MutualTls {
  readonly #server: Server;
  /** By the port from which the connection is passed on. */
  readonly #peers = new Map<number, ConnectionPeer>();
  readonly #sockets = new Set<TLSSocket>();
  readonly #inner: { readonly hostname: string; readonly port: number };
  #isAccepting = true;

  /** `inner`: where Bun's server listens without TLS. */
  constructor(tls: TlsContext, inner: { readonly hostname: string; readonly port: number }) {
    this.#inner = inner;
    this.#server = createServer({
      ...tlsServerOptions(tls),
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: handshakeMs,
    });
    // Anybody can fail a handshake; one that takes too long is still connected.
    this.#server.on("tlsClientError", (_, socket) => socket.destroy());
    this.#server.on("secureConnection", (socket) => this.#relay(socket));
  }

  /** Resolves to the port. Throws an error with code `EADDRINUSE` or `EACCES`. */
  listen({ hostname, port, isShared = false }: ListenOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: hostname, port, reusePort: isShared }, () => {
        this.#server.off("error", reject);
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Undefined for a connection that did not come by this listener. */
  peerAt(port: number): ConnectionPeer | undefined {
    return this.#peers.get(port);
  }

  secure(tls: TlsContext): void {
    this.#server.setSecureContext(tlsServerOptions(tls));
  }

  accept(isOpen: boolean): void {
    this.#isAccepting = isOpen;
  }

  /** Accepts no more connections; those that are open end with their inner ones. */
  close(): void {
    this.#server.close();
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #relay(outer: TLSSocket): void {
    outer.on("error", () => outer.destroy());
    if (!this.#isAccepting) return void outer.destroy();
    const peer = { address: outer.remoteAddress, certificate: verifiedCertificate(outer) };
    const inner = connect(this.#inner.port, this.#inner.hostname);
    this.#sockets.add(outer);
    outer.setNoDelay(true);
    inner.setNoDelay(true);
    inner.on("error", () => outer.destroy());
    inner.once("connect", () => {
      const { localPort = 0 } = inner;
      // Set before a byte of the request is passed on.
      this.#peers.set(localPort, peer);
      inner.once("close", () => this.#peers.delete(localPort));
      join(outer, inner);
    });
    outer.once("close", () => {
      this.#sockets.delete(outer);
      inner.destroy();
    });
  }
}

/** Bytes both ways, no faster than each side takes them; the end of one is the end of the other. */
function join(outer: TLSSocket, inner: Socket): void {
  outer.pipe(inner);
  inner.pipe(outer);
  inner.once("close", () => outer.destroySoon());
}
