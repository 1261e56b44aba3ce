/** What a call on the gRPC port shows of its caller, without a look at whether it is right. */

import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { TLSSocket } from "node:tls";
import { forwardedClient, type TrustedProxies } from "../core/access/forwarded.ts";
import type { Credentials, Guard } from "../core/access/guard.ts";
import { certificateFromHeader, verifiedCertificate } from "../core/tls/peer.ts";
import type { TlsContext } from "../core/tls/server.ts";

export interface CredentialsDeps {
  readonly guard: Guard;
  /** Undefined: without TLS. */
  readonly tls?: TlsContext | undefined;
  /** Undefined: no proxy is believed. */
  readonly proxies?: TrustedProxies | undefined;
  /** Header in which those proxies pass on certificates that they have verified. */
  readonly certificateHeader?: string | undefined;
}

export type CredentialsOf = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
) => Credentials;

/**
 * Not the cookie of a page's session: this port does not know pages from each other. The function throws
 * `invalid` for a header of a trusted proxy that is not a certificate.
 */
export function createCredentialsOf(deps: CredentialsDeps): CredentialsOf {
  const { guard, tls, proxies } = deps;
  const none: Credentials = {};
  // The same for all calls of a connection, and not cheap to ask the socket for.
  const connections = new WeakMap<Http2Session, Connection>();
  return ({ session }, headers) => {
    const { authorization } = headers;
    if (!guard.tellsApart) return none;
    if (session === undefined) return authorization === undefined ? none : { authorization };
    let connection = connections.get(session);
    if (connection === undefined) {
      const peer = session.socket.remoteAddress ?? "";
      const certificate = tls?.client && certificateOf(session);
      connection = {
        peer,
        isProxy: proxies?.has(peer) === true,
        credentials: {
          address: () => peer,
          ...(certificate === undefined ? {} : { certificate }),
        },
      };
      connections.set(session, connection);
    }
    const { credentials } = connection;
    const shown = connection.isProxy ? behindProxy(connection, headers, deps) : credentials;
    return authorization === undefined ? shown : { ...shown, authorization };
  };
}

interface Connection {
  readonly peer: string;
  /** Whether a trusted proxy has opened it: then each call may be of another client. */
  readonly isProxy: boolean;
  readonly credentials: Credentials;
}

function certificateOf({ socket }: Http2Session): Credentials["certificate"] {
  return socket instanceof TLSSocket ? verifiedCertificate(socket) : undefined;
}

function behindProxy(
  { peer, credentials }: Connection,
  headers: IncomingHttpHeaders,
  { proxies, certificateHeader }: CredentialsDeps,
): Credentials {
  if (proxies === undefined) return credentials;
  const header = (name: string) => {
    const value = headers[name];
    return typeof value === "string" ? value : value?.join(",");
  };
  const address = () => forwardedClient(peer, header, proxies)?.address ?? peer;
  const text = certificateHeader === undefined ? undefined : header(certificateHeader);
  if (certificateHeader === undefined || text === undefined) return { ...credentials, address };
  const certificate = certificateFromHeader(certificateHeader, text);
  return certificate === undefined
    ? { ...credentials, address }
    : { ...credentials, address, certificate };
}
