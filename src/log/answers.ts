/** Answers and failures that all log drivers share. */

import { Failure } from "../core/failure.ts";
import type { Appended, Bounds } from "../core/log.ts";
import { comparePositions, type Position, renderPosition } from "../core/position.ts";
import { differingSettings, type TopicSettings } from "../core/topic.ts";

/** The answer to an append whose records are separate entries, numbered without a gap. */
export function appendedRun(
  epoch: number,
  firstSequence: number,
  count: number,
  duplicate: boolean,
): Appended {
  const at = (index: number): Position => ({ epoch, sequence: firstSequence + index, index: 0 });
  return { first: at(0), last: at(count - 1), at, duplicate };
}

/** The answer to an append whose records are in one entry, a frame. */
export function appendedFrame(
  epoch: number,
  sequence: number,
  count: number,
  duplicate: boolean,
): Appended {
  const at = (index: number): Position => ({ epoch, sequence, index });
  return { first: at(0), last: at(count - 1), at, duplicate };
}

/** The answer to a run whose records are all stored already: at or before `position`, as the log keeps only that. */
export function appendedBefore(position: Position): Appended {
  return { first: position, last: position, at: () => position, duplicate: true };
}

/** The answer to a run whose first `stored` records were stored before, and the others by `appended`. */
export function appendedAfter(stored: number, appended: Appended): Appended {
  if (stored === 0) return appended;
  const before = { ...appended.first, sequence: appended.first.sequence - 1, index: 0 };
  const at = (index: number) => (index < stored ? before : appended.at(index - stored));
  return { ...appended, first: before, at };
}

/** Throws `position_gone`, with where reading can start, unless a reader may continue after `after`. */
export function checkPosition(topic: string, after: Position, bounds: Bounds): void {
  if (after.epoch !== bounds.epoch) {
    // Of an earlier incarnation: everything in the topic is new to this reader.
    const restart = after.epoch < bounds.epoch ? bounds.start : bounds.end;
    throw positionGone(topic, after, "the topic was recreated since", restart);
  }
  if (comparePositions(after, bounds.start) < 0) {
    throw positionGone(topic, after, "what follows it is no longer kept", bounds.start);
  }
  if (comparePositions(after, bounds.end) > 0) {
    throw positionGone(topic, after, "it is past the topic's end", bounds.end);
  }
}

export function topicNotFound(topic: string): Failure {
  return new Failure("not_found", `Cannot find topic "${topic}": it does not exist`);
}

/** The failure of a creation that found the topic with other settings; it names the members that differ. */
export function topicConflict(
  topic: string,
  existing: TopicSettings,
  requested: TopicSettings,
): Failure {
  const errors = differingSettings(existing, requested).map((member) => {
    const name = publicNames[member];
    const message = `Cannot create topic "${topic}" with ${name} ${requested[member]}: it exists with ${existing[member]}`;
    return { field: `/${name}`, code: "conflict" as const, message };
  });
  const [first] = errors;
  if (errors.length === 1 && first !== undefined) {
    return new Failure("conflict", first.message, { errors });
  }
  const names = errors.map(({ field }) => field.slice(1)).join(", ");
  const message = `Cannot create topic "${topic}": it exists with another ${names}`;
  return new Failure("conflict", message, { errors });
}

/** Settings as callers name them. */
const publicNames: Readonly<Record<keyof TopicSettings, string>> = {
  layout: "layout",
  retentionMs: "retention_ms",
  retentionBytes: "retention_bytes",
  schema: "schema",
};

export function emptyAppend(topic: string): Failure {
  const message = `Cannot append to topic "${topic}": there are no records, expected at least one`;
  return new Failure("invalid", message);
}

export function logClosed(): Failure {
  return new Failure("shutting_down", "Cannot append: this node is shutting down");
}

function positionGone(topic: string, after: Position, why: string, restart: Position): Failure {
  const token = renderPosition(after);
  const message = `Cannot read topic "${topic}" after position "${token}": ${why}`;
  return new Failure("position_gone", message, { position: renderPosition(restart) });
}
