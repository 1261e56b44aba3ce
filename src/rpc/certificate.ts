/** What the client of a connection has proven to be, by its certificate. */

import type { Http2Session } from "node:http2";
import { TLSSocket } from "node:tls";
import type { PeerCertificate } from "../core/access/guard.ts";
import { peerCertificateFrom } from "../core/tls/peer.ts";

/** Undefined where the client has shown none, or one that the client CA does not vouch for. */
export function verifiedCertificate({ socket }: Http2Session): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? undefined : peerCertificateFrom(raw);
}
