/** Where a stream starts: parameters of server-sent events and of WebSockets. */

import { parsePosition } from "../../core/position.ts";
import type { RequestedStart } from "../../hub/subscriber.ts";
import { heartbeatStyles } from "../sse.ts";
import { startAfter } from "./paging.ts";
import { choice, count, optional, parameter, type Values } from "./parameter.ts";
import { positionShape } from "./shapes.ts";

export const tailMax = 1000;

/** For streams that can start with records that they have sent already. */
export const startQuery = {
  after: optional(
    startAfter("Starts after this position; `earliest`: with the oldest record kept"),
  ),
  tail: optional(
    count("Starts with the newest n records. `after` wins over it.", { max: tailMax }),
  ),
  lastEventId: optional(
    lastSeen(
      "For polyfills of EventSource that cannot send the header `Last-Event-ID`, which wins over it.",
    ),
  ),
};

/** For streams of records as they are. */
export const heartbeatQuery = {
  heartbeat: optional(
    choice(
      "What a silent stream sends. `id`, the default: a comment and a bare `id:`. `comment`: a comment alone, for clients that report a bare `id:` as an empty message (httpx-sse). `event`: an event named `position`, for clients that ignore a bare `id:` (the `eventsource` of npm from version 4 on).",
      heartbeatStyles,
    ),
  ),
};

export const lastEventId = {
  "Last-Event-ID": optional(
    lastSeen("The last `id:` that was seen; browsers send it on their own. It wins over `after`."),
  ),
};

function lastSeen(description: string) {
  // Some clients send an empty one before their first event.
  return parameter(description, positionShape, (text) =>
    text === "" ? undefined : parsePosition(text),
  );
}

/** The last event seen wins over `after`, that over `tail`; with none of them it starts live. */
export function requestedStart(
  { after, tail, lastEventId: inQuery }: Partial<Values<typeof startQuery>>,
  headers: Partial<Values<typeof lastEventId>> = {},
): RequestedStart {
  const start = headers["Last-Event-ID"] ?? inQuery ?? after;
  if (start !== undefined) return start;
  return tail === undefined ? "live" : { tail };
}
