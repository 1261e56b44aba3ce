/** A certificate for `localhost`, which no browser or client trusts on its own. */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterThisProcess } from "./cleaner.ts";
import { runTool } from "./tools.ts";

export interface Certificate {
  readonly folder: string;
  /** Files as the balancers of `deploy/` name them: `tls.crt`, `tls.key`, and both as `sluice.pem`. */
  readonly file: string;
  readonly pem: string;
}

export async function makeCertificate(): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-tls-"));
  afterThisProcess('rm -rf "$1"', [folder]);
  const [file, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const { code, errors } = await runTool([
    ...["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", key, "-out", file],
  ]);
  if (code !== 0) throw new Error(`openssl makes no certificate: ${errors}`);
  const pem = readFileSync(file, "utf8");
  writeFileSync(join(folder, "sluice.pem"), pem + readFileSync(key, "utf8"), { mode: 0o600 });
  return { folder, file, pem };
}

/** A WebSocket that trusts the certificate, by an option of Bun that the DOM's types lack. */
export function openSecureSocket(url: string, { pem }: Certificate): WebSocket {
  const socket: WebSocket = Reflect.construct(WebSocket, [url, { tls: { ca: pem } }]);
  return socket;
}
