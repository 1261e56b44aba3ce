/** The emitters of one node: service and projection, on a shared store and log. */

import { systemClock as clock } from "../../src/core/clock.ts";
import { emittersTopic } from "../../src/core/emitters.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { silent as logger } from "../../src/core/logger.ts";
import { defaultTopicSettings } from "../../src/core/topic.ts";
import { Emitters } from "../../src/features/emitters/emitters.ts";
import { type Projection, runProjection } from "../../src/projection/projection.ts";
import type { StoreRig } from "./store-rig.ts";

export interface EmittersNode extends AsyncDisposable {
  readonly emitters: Emitters;
  readonly projection: Projection;
  close(): Promise<void>;
}

export async function startEmittersNode(
  rig: Pick<StoreRig, "ownership" | "store" | "pages" | "leases" | "target">,
  log: LogDriver,
  node: string,
): Promise<EmittersNode> {
  await log.create(emittersTopic, defaultTopicSettings);
  const stop = new AbortController();
  const projection = runProjection({
    log,
    target: rig.target,
    ownership: rig.ownership(),
    clock,
    logger,
    signal: stop.signal,
  });
  const emitters = new Emitters({
    log,
    append: (topic, records, options) => log.append(topic, records, options),
    store: rig.store,
    pages: rig.pages,
    leases: rig.leases,
    clock,
    logger,
    node,
    guests: true,
  });
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= (async () => {
      await emitters.close();
      stop.abort();
      await projection.done;
    })());
  return { emitters, projection, close, [Symbol.asyncDispose]: close };
}
