/** What a request shows of its caller, without a look at whether it is right. */

import type { Credentials } from "../../core/access/guard.ts";
import { pathOf } from "../../core/host.ts";
import { isOwnPage } from "../origin.ts";
import type { Peer } from "./peer.ts";
import { credentialInUrl, longLivedParameters, ticketParameter } from "./url-credentials.ts";

/** Nearly all requests have none of these, and are not parsed for them. */
const mayHaveCredentials = /[?&](?:ticket|u|p|token|access_token|api_?key)=|=slk_/;

/** What every API key begins with. */
const keyStart = "slk_";

/**
 * The first of what a caller may show: the `Authorization` header, a ticket, user and password of the
 * query, the cookie of a page, the certificate of the connection. Throws `invalid` for a key or token in
 * the address. `passwordPaths`: where clients of InfluxDB 1 have user and password in the query.
 */
export function credentialsOf(
  request: Request,
  passwordPaths: ReadonlySet<string>,
  peer?: Peer,
): Credentials {
  const { url, headers } = request;
  const query = url.includes("?") && mayHaveCredentials.test(url) ? queryOf(url) : undefined;
  const takesPassword = query !== undefined && passwordPaths.has(pathWithoutQuery(url));
  if (query !== undefined && !takesPassword) refuseLongLived(query);
  const authorization = headers.get("authorization");
  if (authorization !== null) return { ...peer, authorization };
  const ticket = query?.get(ticketParameter) ?? undefined;
  if (ticket !== undefined) return { ...peer, ticket };
  if (takesPassword) {
    const [user, password] = [query.get("u"), query.get("p")];
    if (user !== null || password !== null) {
      return { ...peer, user: user ?? "", password: password ?? "" };
    }
  }
  const cookie = headers.get("cookie");
  if (cookie !== null && isOwnPage(request)) return { ...peer, cookie };
  return peer ?? {};
}

function refuseLongLived(query: URLSearchParams): void {
  const name =
    longLivedParameters.find((each) => query.has(each)) ??
    [...query].find(([, value]) => value.startsWith(keyStart))?.[0];
  if (name !== undefined) throw credentialInUrl(name);
}

function pathWithoutQuery(url: string): string {
  const path = pathOf(url);
  return path.slice(0, path.indexOf("?"));
}

function queryOf(url: string): URLSearchParams {
  return new URLSearchParams(url.slice(url.indexOf("?")));
}
