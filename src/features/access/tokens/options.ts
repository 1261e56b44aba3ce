/** What the settings say about tokens (JWT). */

export interface TokenOptions {
  /** For HS256. */
  readonly secret: string | undefined;
  /** A URL or a file with the public keys of the issuer. */
  readonly jwks: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly clockSkewMs: number;
  /** The name of a claim, or the path to one: `realm_access.roles`. */
  readonly grantsClaim: string;
}

/** RFC 7518 demands as many bits as the hash has. */
export const tokenSecretCharsMin = 32;
