/** What clients send in place of a key: the schemes of `authorization`, and `u` and `p` of InfluxDB 1. */

import { Buffer } from "node:buffer";
import type { Credentials } from "../../core/access/guard.ts";

/** Longer than any key, and than tokens with some hundred grants. */
const charsMax = 16 * 1024;

export type GivenSecret =
  { readonly ok: true; readonly secret: string } | { readonly ok: false; readonly message: string };

/** The key or token of the request; undefined where it has none. */
export function secretOf({ authorization, user, password }: Credentials): GivenSecret | undefined {
  if (authorization !== undefined) return secretOfHeader(authorization);
  if (user === undefined && password === undefined) return undefined;
  return { ok: true, secret: password || user || "" };
}

function secretOfHeader(authorization: string): GivenSecret {
  const space = authorization.indexOf(" ");
  const value = authorization.slice(space + 1).trim();
  if (space > 0 && value !== "" && authorization.length <= charsMax) {
    switch (authorization.slice(0, space).toLowerCase()) {
      case "bearer":
        return { ok: true, secret: value };
      // InfluxDB 2's clients; those of version 1 write `user:password` behind it.
      case "token":
        return { ok: true, secret: passwordOf(value) };
      case "basic":
        return { ok: true, secret: passwordOf(Buffer.from(value, "base64").toString("latin1")) };
    }
  }
  return {
    ok: false,
    message: `Cannot use the header authorization: expected Bearer, Basic or Token, and then a key or a token of at most ${charsMax} characters`,
  };
}

/** The user's name is for people. Where the password is empty, the key is in its place. */
function passwordOf(text: string): string {
  const colon = text.indexOf(":");
  if (colon < 0) return text;
  return text.slice(colon + 1) || text.slice(0, colon);
}
