/** The settings of TLS on both listeners, and of proxies in front of them. */

import type { ProxyConfig } from "./proxies.ts";
import type { Settings } from "./settings.ts";

export interface TlsFiles {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
  /** Undefined: no certificate of clients is requested. */
  readonly clientCa: string | undefined;
  /** Whether a connection without a certificate of that CA is refused. */
  readonly isClientRequired: boolean;
}

/** Undefined: both listeners are without TLS. */
export function parseTls(read: Settings): TlsFiles | undefined {
  const cert = read.optional("SLUICE_TLS_CERT");
  const key = read.optional("SLUICE_TLS_KEY");
  const clientCa = read.optional("SLUICE_TLS_CLIENT_CA");
  const isClientRequired = read.flag("SLUICE_TLS_CLIENT_REQUIRED", false);
  if (cert !== undefined && key === undefined) {
    read.problem("SLUICE_TLS_CERT is set without SLUICE_TLS_KEY: expected both, or neither");
  }
  if (cert === undefined && key !== undefined) {
    read.problem("SLUICE_TLS_KEY is set without SLUICE_TLS_CERT: expected both, or neither");
  }
  if (clientCa !== undefined && cert === undefined) {
    read.problem(
      "SLUICE_TLS_CLIENT_CA is set without SLUICE_TLS_CERT: only TLS has client certificates",
    );
  }
  if (isClientRequired && clientCa === undefined) {
    read.problem(
      "SLUICE_TLS_CLIENT_REQUIRED is set without SLUICE_TLS_CLIENT_CA: no certificate could be verified",
    );
  }
  if (cert === undefined || key === undefined) return undefined;
  return { cert, key, clientCa, isClientRequired };
}

export function parseProxies(read: Settings): ProxyConfig {
  const networks = read.networks("SLUICE_TRUSTED_PROXIES");
  const certificateHeader = read.optional("SLUICE_CLIENT_CERT_HEADER")?.toLowerCase();
  if (certificateHeader !== undefined && networks.length === 0) {
    read.problem(
      "SLUICE_CLIENT_CERT_HEADER is set without SLUICE_TRUSTED_PROXIES: any client could send the header",
    );
  }
  if (certificateHeader !== undefined && !/^[\w-]{1,100}$/.test(certificateHeader)) {
    read.problem("SLUICE_CLIENT_CERT_HEADER: expected the name of a header, such as Client-Cert");
  }
  return { networks, certificateHeader };
}
