/** The bounds of a topic that may not exist. */

import { failureFrom } from "../core/failure.ts";
import type { Bounds, Log } from "../core/log.ts";

/** Undefined when the topic does not exist; throws everything else that `log.bounds` throws. */
export async function boundsIfExists(
  log: Pick<Log, "bounds">,
  topic: string,
): Promise<Bounds | undefined> {
  try {
    return await log.bounds(topic);
  } catch (error) {
    if (failureFrom(error).code === "not_found") return undefined;
    throw error;
  }
}
