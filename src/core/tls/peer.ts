/** The certificate of a client, as the guard takes it. */

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "../access/guard.ts";
import { BoundedMap } from "../budget/bounded-map.ts";
import { invalidField } from "../failure.ts";

/** Clients of one proxy come again and again, and a certificate takes some 50 us to parse. */
const parsed = new BoundedMap<string, PeerCertificate>(256);

/** More than a certificate takes. */
const headerCharsMax = 16 * 1024;

/**
 * A certificate in a header of a trusted proxy: DER in base64, also between colons (RFC 9440, HAProxy,
 * Envoy's gateways), or PEM with escapes (nginx). Undefined for an empty one: the client has shown none.
 * Throws `invalid`.
 */
export function certificateFromHeader(name: string, text: string): PeerCertificate | undefined {
  const given = text.trim();
  if (given === "") return undefined;
  const known = parsed.get(given);
  if (known !== undefined) return known;
  try {
    if (given.length > headerCharsMax) throw new RangeError("It is too long");
    const isPem = given.startsWith("-----");
    const bytes = isPem
      ? Buffer.from(decodeURIComponent(given))
      : Buffer.from(given.replace(/^:(.*):$/, "$1"), "base64");
    const certificate = peerCertificateFrom(bytes);
    parsed.set(given, certificate);
    return certificate;
  } catch {
    const expected = "expected a certificate as DER in base64, or as PEM with escapes";
    throw invalidField(name, `Cannot read the header ${name} of a proxy: ${expected}`, "invalid");
  }
}

/** Subject and names of a certificate, in DER or PEM, that TLS has verified. */
export function peerCertificateFrom(bytes: Uint8Array): PeerCertificate {
  const { subject, subjectAltName = "" } = new X509Certificate(bytes);
  // A name that contains a comma is quoted: nobody gets two names into one.
  const names = subjectAltName.match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  return {
    subject: subject.replaceAll("\n", ", "),
    names: names.map((name) => name.trim()),
  };
}

/** What `node:tls` has of a connection. */
export interface VerifiedSocket {
  /** Whether the peer's certificate is valid, and a client CA vouches for it. */
  readonly authorized: boolean;
  getPeerCertificate(): { readonly raw?: Uint8Array };
}

/** Undefined where the client has shown none, or one that the client CA does not vouch for. */
export function verifiedCertificate(socket: VerifiedSocket): PeerCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? undefined : peerCertificateFrom(raw);
}
