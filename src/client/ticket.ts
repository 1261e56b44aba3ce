/** A ticket for a socket, whose handshake cannot have a header in browsers. */

import { ask } from "./http.ts";
import type { Settings } from "./options.ts";

/** Of everything that the client may do: one socket has many subscriptions. Undefined without a token. */
export async function createTicket(
  settings: Settings,
  signal: AbortSignal,
): Promise<string | undefined> {
  if ((await settings.credential.token()) === undefined) return undefined;
  const me = JSON.parse(
    await ask(settings, { method: "GET", path: "/v1/me", repeatable: true, signal }),
  ) as { readonly grants: readonly string[]; readonly closed: boolean };
  // An open gateway looks at no ticket; without grants every subscription is refused by name.
  if (!me.closed || me.grants.length === 0) return undefined;
  const answer = await ask(settings, {
    method: "POST",
    path: "/v1/tickets",
    body: JSON.stringify({ grants: me.grants }),
    headers: { "content-type": "application/json" },
    repeatable: true,
    signal,
  });
  return (JSON.parse(answer) as { readonly ticket: string }).ticket;
}
