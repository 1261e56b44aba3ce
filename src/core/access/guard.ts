/** From what a connection shows to a caller: one port for HTTP, WebSocket and RPC. */

import { type Caller, openCaller } from "./caller.ts";

/** What a protocol found in a request, without having looked at it. */
export interface Credentials {
  /** As the `authorization` header has it: scheme and value. */
  readonly authorization?: string;
  /** Of a page's session. */
  readonly cookie?: string;
  /** Of one action on one target: `?ticket=`. */
  readonly ticket?: string;
  /** Of InfluxDB 1 clients: `u` and `p` of the query. */
  readonly user?: string;
  readonly password?: string;
  /** Subject and names of a client certificate that TLS has verified. */
  readonly certificate?: PeerCertificate;
  /**
   * Finds the address of the peer: of the client itself, if the proxies in between are trusted. A function,
   * because the lookup takes longer than all else of a request's credentials, and few need it.
   */
  readonly address?: () => string | undefined;
}

export interface PeerCertificate {
  readonly subject: string;
  /** Subject alternative names, such as `DNS:orders.example` and `URI:spiffe://…`. */
  readonly names: readonly string[];
}

export interface Guard {
  /** False: nothing is configured, and everybody may do everything. */
  readonly isClosed: boolean;
  /** False: `caller` is the same for everybody, because nothing is configured and nobody is limited. */
  readonly tellsApart: boolean;
  /**
   * The caller of these credentials; at once where it is known, which is all but the first time. It
   * throws or rejects with `unauthenticated` for what is wrong, expired or revoked: a wrong
   * credential is never taken for none.
   */
  caller(credentials: Credentials): Caller | Promise<Caller>;
}

/** Of a gateway where nothing of access is configured. */
export const openGuard: Guard = {
  isClosed: false,
  tellsApart: false,
  caller: () => openCaller,
};
