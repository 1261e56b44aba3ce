/** Credentials in addresses, which stand in histories, in logs of proxies and in `Referer` headers. */

import { invalidField } from "../../core/failure.ts";

/** A credential of one action that is used once, within seconds: the only one that an address may have. */
export const ticketParameter = "ticket";

/** Names that no endpoint has, and that people take for a place of keys and tokens. */
export const longLivedParameters = ["token", "access_token", "api_key", "apikey"] as const;

/** `key` is a record's key where an endpoint declares it. */
const credentialNames: ReadonlySet<string> = new Set([...longLivedParameters, "key"]);

export function isCredentialName(name: string): boolean {
  return credentialNames.has(name);
}

export function credentialInUrl(name: string): Error {
  return invalidField(
    name,
    `Cannot take a credential in parameter "${name}": addresses are logged, expected the header Authorization: Bearer, or where none can be sent a ticket of POST /v1/tickets as ?${ticketParameter}=`,
  );
}
