/** TLS of a listener: what the gateway read from files, and what every runtime makes of it. */

import { constants } from "node:crypto";

export interface TlsContext {
  /** PEM: the certificate, and those between it and its root. */
  readonly cert: string;
  /** PEM, not encrypted. */
  readonly key: string;
  /** Undefined: no certificate of clients is requested. */
  readonly client?: ClientTrust;
}

export interface ClientTrust {
  /** PEM: whose certificates are accepted. */
  readonly ca: string;
  /** Whether a connection without a certificate is refused. */
  readonly isRequired: boolean;
}

/** For TLS 1.2: forward secrecy and authenticated encryption. TLS 1.3 has no others. */
const ciphers = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** As `node:tls` and Bun name them: TLS 1.2 and later. */
export function tlsServerOptions({ cert, key, client }: TlsContext) {
  return {
    cert,
    key,
    ciphers,
    secureOptions: constants.SSL_OP_NO_TLSv1 | constants.SSL_OP_NO_TLSv1_1,
    ...(client === undefined
      ? {}
      : { ca: client.ca, requestCert: true, rejectUnauthorized: client.isRequired }),
  };
}
