/** The options of an append that a request carries in its headers. */
import type { Context } from "hono";
import { invalidField } from "../core/failure.ts";
import type { AppendOptions } from "../core/log.ts";

export function appendOptions(c: Context): AppendOptions {
  return appendOptionsFrom(c.req.raw.headers);
}

/** `Idempotency-Key`: a retry with the same one stores nothing and is answered as the first. */
export function appendOptionsFrom(headers: Headers): AppendOptions {
  const dedupId = headers.get("idempotency-key");
  if (dedupId === null) return {};
  if (/^[\x21-\x7e]{1,200}$/.test(dedupId)) return { dedupId };
  throw invalidField(
    "idempotency-key",
    "Cannot use idempotency-key: expected 1 to 200 visible ASCII characters",
  );
}
