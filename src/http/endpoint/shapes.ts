/** Values that the endpoints of several features take or answer. */
import { z } from "zod";

export const nameShape = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,200}$/)
  .meta({ id: "Name", description: "1 to 200 characters of A-Z a-z 0-9 . _ -" });

export const positionShape = z
  .string()
  .regex(/^[0-9a-z]{2,12}-[0-9a-z]{2,12}(-[0-9a-z]{2,12})?$/)
  .meta({
    id: "Position",
    description:
      "Where a reader is in a topic: an opaque token, the same in a page's `next`, an SSE `id:` and a WebSocket message. Tokens of one topic sort as text in the order of its records.",
    examples: ["8mi8wtfaq-13a"],
  });

/** A number of things. */
export const countShape = z.int().min(0);
