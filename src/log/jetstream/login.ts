/** How the connection shows who this node is, and what a refusal of it means. */

import { Buffer } from "node:buffer";
import {
  type Authenticator,
  AuthorizationError,
  ConnectionError,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  UserAuthenticationExpiredError,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { Failure } from "../../core/failure.ts";
import type { JetstreamLogin, JetstreamSettings } from "./options.ts";

/** Options of the connection: none where the server admits everybody. Throws `invalid`. */
export function authenticatorOf({ login }: Pick<JetstreamSettings, "login">): {
  readonly authenticator?: Authenticator;
} {
  if (login === undefined) return {};
  const authenticator = authenticatorFrom(login);
  try {
    // Seeds and credentials are first read when a server has sent its nonce: too late for a clear error.
    authenticator("nonce");
  } catch {
    // Not as a cause: the library's error could contain a part of the secret.
    throw new Failure("invalid", `Cannot log in to NATS: ${unreadable[kindOf(login)]}`);
  }
  return { authenticator };
}

function authenticatorFrom(login: JetstreamLogin): Authenticator {
  if ("user" in login) return usernamePasswordAuthenticator(login.user, login.pass);
  if ("token" in login) return tokenAuthenticator(login.token);
  if ("nkeySeed" in login) return nkeyAuthenticator(Buffer.from(login.nkeySeed));
  return credsAuthenticator(Buffer.from(login.creds));
}

function kindOf(login: JetstreamLogin): "nkey" | "creds" {
  return "nkeySeed" in login ? "nkey" : "creds";
}

const unreadable = {
  nkey: "NATS_NKEY_SEED has no seed, expected one that begins with SU",
  creds: "NATS_CREDS has no credentials, expected a file with a user's JWT and seed",
} as const;

/**
 * What a retry does not mend: credentials and certificates that one of the sides refuses, and a server
 * without the TLS that is demanded. Undefined for everything else.
 */
export function refusal(
  error: unknown,
  { tls }: Pick<JetstreamSettings, "tls">,
): Failure | undefined {
  if (error instanceof Failure) return error;
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof AuthorizationError || e instanceof UserAuthenticationExpiredError) {
      return refused(
        `the server refused this node's credentials (${e.message}), expected those of NATS_USER, NATS_TOKEN, NATS_NKEY_SEED, NATS_CREDS or NATS_URL to be known to it`,
        error,
      );
    }
    // A connection that is refused or lost has the system's error as its cause.
    if (tls !== undefined && e instanceof ConnectionError && e.cause === undefined) {
      return refused(`${e.message}, which tls:// or NATS_CA demands`, error);
    }
    const code = "code" in e && typeof e.code === "string" ? e.code : "";
    if (isTlsCode(code)) {
      return refused(
        `TLS failed: ${e.message} (${code}), expected NATS_CA to vouch for the server, and NATS_CERT to be accepted by it`,
        error,
      );
    }
  }
  return undefined;
}

/** The reason in words that do not need the library's error: it would be shown instead. */
export function silence({ tls }: Pick<JetstreamSettings, "tls">): string {
  const words = "it did not complete the connection in time";
  if (tls === undefined) return words;
  return `${words}; a server that demands client certificates does so without NATS_CERT, or with one that it does not accept`;
}

function refused(reason: string, cause: unknown): Failure {
  return new Failure("unauthenticated", `Cannot connect to NATS: ${reason}`, { cause });
}

/** Of a handshake that failed, or a certificate that was not accepted. */
function isTlsCode(code: string): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_OSSL_)/.test(code);
}
