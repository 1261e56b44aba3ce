/** What `publish`, `watch` and `consume` share: whose records they are, and where reading starts. */
import type { Target } from "../../client/index.ts";
import { text } from "../command/parameters.ts";
import { UsageError } from "../command/usage-error.ts";

export const optionalTopic = text({ doc: "name of the topic", value: "TOPIC" });

export const targetOptions = {
  emitter: text({ doc: "an emitter instead of a topic", value: "ID" }),
  key: text({ doc: "the key that the records share", value: "KEY" }),
};

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
  throw new UsageError(`Cannot tell the target: ${given}, expected TOPIC or --emitter ID`);
}

/** As messages name it: `topic orders`, `emitter web-1`. */
export function targetName({ topic, emitter }: Target): string {
  return emitter === undefined ? `topic ${topic}` : `emitter ${emitter}`;
}
