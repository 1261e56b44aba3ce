/** Grants as bodies have them. */

import { z } from "zod";

/** Grants of one key. */
export const keyGrantsMax = 100;
/** Grants of a ticket: a token may have as many. */
export const ticketGrantsMax = 1000;

export const grantShape = z
  .string()
  .max(600)
  .meta({
    id: "Grant",
    description:
      "`read`, `append` or `manage`, and then what: `topic:`, `emitter:`, `series:`, `app:`, `subject:`, `rule:` or `node:` with a name, or with the start of names and `*` behind it. `read *` is about everything.",
    examples: ["append topic:orders.*"],
  });
