/** TLS towards PostgreSQL: `sslmode` of the URL as libpq reads it, with certificates from settings. */

import { checkServerIdentity, type ConnectionOptions } from "node:tls";

/** PEM. */
export interface DatabaseTls {
  /** Whom the server's certificate is checked against; undefined: the authorities of the system. */
  readonly ca?: string | undefined;
  /** What the server is shown. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** `allow` and `prefer` would take a connection without TLS from anybody in between: not offered. */
export const sslModes = ["disable", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof sslModes)[number];

/** Parameters of libpq that name files: settings do that here. */
export const fileParameters = [
  "sslrootcert",
  "sslcert",
  "sslkey",
  "sslpassword",
  "sslcrl",
] as const;

/** Undefined for none, or for a mode that is not known. */
export function sslModeOf(url: string): SslMode | undefined {
  const { searchParams } = new URL(url);
  const given = searchParams.get("sslmode") ?? searchParams.get("ssl");
  return sslModes.find((mode) => mode === given);
}

/**
 * Options of postgres.js: nothing where TLS was not asked of it. With a CA `require` verifies it, as in
 * libpq, and no `sslmode` is `verify-full`.
 */
export function sslOptions(url: string, tls: DatabaseTls | undefined): { ssl?: ConnectionOptions } {
  const { ca, cert, key } = tls ?? {};
  const mode =
    sslModeOf(url) ?? (ca === undefined && cert === undefined ? "disable" : "verify-full");
  if (mode === "disable") return {};
  const files = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  const { hostname } = new URL(url);
  // Given explicitly, because the library passes no name on where the host is an address.
  const named = hostname.replace(/^\[(.*)\]$/, "$1");
  if (mode === "verify-full") {
    return {
      ssl: {
        ...files,
        rejectUnauthorized: true,
        checkServerIdentity: (_, certificate) => checkServerIdentity(named, certificate),
      },
    };
  }
  const isVerified = mode === "verify-ca" || ca !== undefined;
  if (!isVerified) return { ssl: { ...files, rejectUnauthorized: false } };
  return { ssl: { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined } };
}

/** The URL without what `sslOptions` has read: the rest of its query are parameters of the session. */
export function withoutSslMode(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has("sslmode") && !parsed.searchParams.has("ssl")) return url;
  parsed.searchParams.delete("sslmode");
  parsed.searchParams.delete("ssl");
  return parsed.href;
}
