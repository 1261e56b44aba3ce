/** Appends a batch whose records are accepted or refused individually. */

import {
  type Events,
  type Published,
  type PublishOptions,
  type SluiceClient,
  SluiceError,
  type Target,
} from "../../client/index.ts";

export type BatchResult = Pick<Published, "accepted" | "refused"> & {
  /** Undefined where all records were refused. */
  readonly position?: string;
};

/** Throws a `SluiceError` for a failure of the whole request; refused records are a result. */
export async function publishBatch(
  client: SluiceClient,
  target: Target,
  events: Events,
  options: PublishOptions,
): Promise<BatchResult> {
  try {
    return await client.publish(target, events, options);
  } catch (error) {
    const refused = error instanceof SluiceError ? error.errors : [];
    if (refused.length === 0 || refused.some(({ index }) => index === undefined)) throw error;
    return { accepted: 0, refused };
  }
}
