/** An emitter as every protocol uses it: required active, appended to, subscribed to. */

import { emittersTopic } from "../../core/emitters.ts";
import { Failure } from "../../core/failure.ts";
import type { AppendOptions, Log } from "../../core/log.ts";
import { comparePositions } from "../../core/position.ts";
import { parseName } from "../../core/topic.ts";
import type { RequestedStart, Start } from "../../hub/subscriber.ts";
import { Author } from "../../ingest/topic-rules.ts";
import type { Emitter } from "./emitters-port.ts";
import type { Emitters } from "./emitters.ts";

/** Appends to emitters, after `requireActive`. */
export const emittersAuthor = new Author("emitters");

/** Dedup ids count per topic, and all emitters share one, so each emitter's ids get a prefix. */
export function emitterOptions(id: string, { dedupId }: AppendOptions): AppendOptions {
  return dedupId === undefined ? {} : { dedupId: `${id}/${dedupId}` };
}

/** The emitter. Throws `not_found` for an unknown one and `ended` for one that has ended. */
export async function requireActive(emitters: Pick<Emitters, "get">, id: string): Promise<Emitter> {
  const emitter = await emitters.get(parseName(id, "id"));
  if (emitter.endedMs === undefined) return emitter;
  throw new Failure(
    "ended",
    `Cannot use emitter "${id}": it ended at ${new Date(emitter.endedMs).toISOString()}`,
  );
}

export interface EmitterStartDeps {
  readonly emitters: Pick<Emitters, "get" | "tailStart">;
  readonly log: Pick<Log, "bounds">;
}

/** Where to start on an emitter. Throws `ended` when nothing can follow that start any more. */
export async function emitterStart(
  { emitters, log }: EmitterStartDeps,
  id: string,
  requested: RequestedStart,
  signal?: AbortSignal,
): Promise<Start> {
  const emitter = await emitters.get(id);
  const start =
    typeof requested === "object" && "tail" in requested
      ? await emitters.tailStart(id, requested.tail, signal)
      : requested;
  const { end } = emitter;
  if (emitter.endedMs === undefined) return start;
  const { start: kept } = await log.bounds(emittersTopic);
  const trimmed = end !== undefined && comparePositions(end, kept) <= 0;
  const over =
    trimmed ||
    start === "live" ||
    (typeof start === "object" && end !== undefined && comparePositions(start, end) >= 0);
  if (over) await requireActive(emitters, id);
  return start;
}
