/** How a caller without a valid credential learns which to send. */

/**
 * The `WWW-Authenticate` of a refusal. A browser that is offered Basic opens its own dialog, also
 * for the requests of a page, so it is offered Bearer alone.
 */
export function challengeOf({ headers }: Request): Record<string, string> {
  const isBrowser =
    headers.has("sec-fetch-mode") || (headers.get("user-agent") ?? "").startsWith("Mozilla/");
  const bearer = 'Bearer realm="sluice"';
  return { "www-authenticate": isBrowser ? bearer : `${bearer}, Basic realm="sluice"` };
}
