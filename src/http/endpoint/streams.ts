/** Answers that are server-sent events. */

import { z } from "zod";
import { type Answer, content } from "./answer.ts";

/** OpenAPI 3.1 has no grammar for `text/event-stream`: the example shows it. */
export function sse(description: string, example: string): Answer {
  return content(description, "text/event-stream", { schema: z.string(), example });
}

/** A stream with positions, of an emitter or a topic. */
export const eventStream = sse(
  [
    "Events as they come; the answer does not end on its own. Each event has the position as `id:` and the record's JSON as `data:`.",
    "Other kinds: `event:reset` (what you requested is no longer kept; its `data` says where reading continues), `event:end` (the emitter has ended, nothing follows), `event:error` (a problem, nothing follows). Comments are heartbeats.",
    "After a break, send the last `id:` back as `Last-Event-ID`: nothing is lost or repeated.",
  ].join("\n\n"),
  'id:8mi8wtfaq-23a\ndata:{"level":"INFO","message":"GET /orders 200 12 ms"}\n\n',
);
