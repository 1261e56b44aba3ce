/** The settings of who may call this gateway. */

import type { AllowanceLimits } from "../core/access/allowance.ts";
import { Grants, parseGrants } from "../core/access/grant.ts";
import { failureFrom } from "../core/failure.ts";
import { adminKeyCharsMin } from "../features/access/options.ts";
import { type TokenOptions, tokenSecretCharsMin } from "../features/access/tokens/options.ts";
import type { SecretSource } from "./secret-source.ts";
import type { Settings } from "./settings.ts";

export interface AccessConfig {
  /** What callers without a credential may do; undefined: everything while the gateway is open. */
  readonly anonymous: Grants | undefined;
  /** Whether it is open as long as nothing is configured and no key exists. */
  readonly isOpenByDefault: boolean;
  readonly adminKey: SecretSource | undefined;
  readonly tokens:
    (Omit<TokenOptions, "secret"> & { readonly secret: SecretSource | undefined }) | undefined;
  /** Grants by names of client certificates. */
  readonly certificates: SecretSource | undefined;
  readonly limits: AllowanceLimits | undefined;
}

/** `isTrusted`: everybody who reaches the listeners may do everything, unless it is configured. */
export function parseAccess(read: Settings, isTrusted: boolean): AccessConfig {
  return {
    anonymous: parseAnonymous(read),
    isOpenByDefault: isTrusted,
    adminKey: read.secret("SLUICE_ADMIN_KEY", "SLUICE_ADMIN_KEY_FILE", adminKeyCharsMin),
    tokens: parseTokens(read),
    certificates: read.secret("SLUICE_CERTIFICATE_GRANTS", "SLUICE_CERTIFICATE_GRANTS_FILE", 1),
    limits: parseLimits(read),
  };
}

function parseLimits(read: Settings): AllowanceLimits | undefined {
  const limits = {
    requestsPerSecond: read.number("SLUICE_CALLER_REQUESTS_PER_SECOND", 0, 0, 1e6),
    recordsPerSecond: read.number("SLUICE_CALLER_RECORDS_PER_SECOND", 0, 0, 1e8),
    bytesPerSecond: read.number("SLUICE_CALLER_BYTES_PER_SECOND", 0, 0, 1e10),
    streamsMax: read.number("SLUICE_CALLER_STREAMS_MAX", 0, 0, 1e6),
    createsPerHour: read.number("SLUICE_CALLER_CREATES_PER_HOUR", 0, 0, 1e6),
  };
  return Object.values(limits).some((limit) => limit > 0) ? limits : undefined;
}

/** `none` is the setting that closes a gateway on loopback before there is a key. */
function parseAnonymous(read: Settings): Grants | undefined {
  const text = read.optional("SLUICE_ANONYMOUS_GRANTS");
  if (text === undefined) return undefined;
  if (text.trim() === "none") return Grants.none;
  try {
    return new Grants(parseGrants(text));
  } catch (error) {
    read.problem(`SLUICE_ANONYMOUS_GRANTS: ${failureFrom(error).message}`);
    return undefined;
  }
}

function parseTokens(read: Settings): AccessConfig["tokens"] {
  const tokens = {
    secret: read.secret("SLUICE_JWT_SECRET", "SLUICE_JWT_SECRET_FILE", tokenSecretCharsMin),
    jwks: read.optional("SLUICE_JWT_JWKS"),
    issuer: read.optional("SLUICE_JWT_ISSUER"),
    audience: read.optional("SLUICE_JWT_AUDIENCE"),
    // More than clocks of servers are apart that follow a time server.
    clockSkewMs: read.number("SLUICE_JWT_CLOCK_SKEW_SECONDS", 5, 0, 300) * 1000,
    grantsClaim: read.text("SLUICE_JWT_GRANTS_CLAIM", "grants"),
  };
  const { secret, jwks, issuer, audience } = tokens;
  if (secret !== undefined || jwks !== undefined) return tokens;
  if (issuer !== undefined || audience !== undefined) {
    read.problem(
      "SLUICE_JWT_ISSUER and SLUICE_JWT_AUDIENCE alone accept no token: expected SLUICE_JWT_SECRET or SLUICE_JWT_JWKS as well",
    );
  }
  return undefined;
}
