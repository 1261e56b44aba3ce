/** The certificate of a client, as the guard takes it. */

import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "../access/guard.ts";

/** Subject and names of a certificate in DER that TLS has verified. */
export function peerCertificateFrom(der: Uint8Array): PeerCertificate {
  const { subject, subjectAltName = "" } = new X509Certificate(der);
  // A name that contains a comma is quoted: nobody gets two names into one.
  const names = subjectAltName.match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  return {
    subject: subject.replaceAll("\n", ", "),
    names: names.map((name) => name.trim().replace(/^IP Address:/, "IP:")),
  };
}
