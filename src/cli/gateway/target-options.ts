/** What `publish`, `watch` and `consume` share: whose records they are, and where reading starts. */

import type { From, Target } from "../../client/index.ts";
import { text, wholeNumber } from "../command/parameters.ts";
import { UsageError } from "../command/usage-error.ts";

export const optionalTopic = text({ doc: "name of the topic", value: "TOPIC" });

export const keyOption = text({ doc: "the key that the records share", value: "KEY" });

export const targetOptions = {
  emitter: text({ doc: "an emitter instead of a topic", value: "ID" }),
  key: keyOption,
};

const tailMax = 1000;

export const readOptions = {
  after: text({ doc: "start after this position, or earliest", value: "POSITION" }),
  tail: wholeNumber({ doc: "start with the newest N records", value: "N", min: 0, max: tailMax }),
  limit: wholeNumber({
    doc: "end after N records; 0 sets no end",
    value: "N",
    default: "0",
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }),
};

/** Throws `UsageError` for both at once; neither of them starts live. */
export function startFrom(after: string | undefined, tail: number | undefined): From {
  if (after !== undefined && tail !== undefined) {
    throw new UsageError("Cannot use --after with --tail: expected one of them");
  }
  if (after !== undefined) return after === "earliest" || after === "live" ? after : { after };
  return tail === undefined || tail === 0 ? "live" : { tail };
}

interface TargetValues {
  readonly topic: string | undefined;
  readonly emitter: string | undefined;
  readonly key: string | undefined;
}

/** Throws `UsageError` unless the values name one topic or one emitter. */
export function targetFrom({ topic, emitter, key }: TargetValues): Target {
  if (topic !== undefined && emitter === undefined) return { topic, key };
  if (topic === undefined && emitter !== undefined) {
    if (key === undefined) return { emitter };
    throw new UsageError(
      "Cannot use --key with --emitter: an emitter's records have its id as key",
    );
  }
  const given = topic === undefined ? "neither is given" : "both are given";
  throw new UsageError(`Cannot choose a target: ${given}, expected TOPIC or --emitter ID`);
}

/** The name in messages: `topic orders`, `emitter web-1`. */
export function targetName({ topic, emitter }: Target): string {
  return emitter === undefined ? `topic ${topic}` : `emitter ${emitter}`;
}
