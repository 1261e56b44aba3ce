/** The emitters of one node: service and projection, on a shared store and log. */

import { Turns } from "../../src/core/budget/turn.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { emittersTopic } from "../../src/core/emitters.ts";
import type { Appended, LogDriver } from "../../src/core/log.ts";
import { silent as logger } from "../../src/core/logger.ts";
import type { LogRecord } from "../../src/core/record.ts";
import { defaultTopicSettings } from "../../src/core/topic.ts";
import { Emitters } from "../../src/features/emitters/emitters.ts";
import { requireActive } from "../../src/features/emitters/requests.ts";
import { defaultPageOptions, Pages } from "../../src/log/pages.ts";
import { type Projection, runProjection } from "../../src/projection/projection.ts";
import type { StoreRig } from "./store-rig.ts";

export interface EmittersNode extends AsyncDisposable {
  readonly emitters: Emitters;
  readonly projection: Projection;
  /** As `POST /log/{id}` appends what it has decoded and checked. */
  append(id: string, records: readonly LogRecord[]): Promise<Appended>;
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
    bounds: { emittersMax: 100_000, guestRateMax: 100_000 },
    searches: new Pages({ log, clock, turns: new Turns(), options: defaultPageOptions }),
  });
  const append = async (id: string, records: readonly LogRecord[]) => {
    await requireActive(emitters, id);
    const keyed = records.map((record) => ({ ...record, key: id }));
    return await log.append(emittersTopic, keyed);
  };
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= (async () => {
      await emitters.close();
      stop.abort();
      await projection.done;
    })());
  return { emitters, projection, append, close, [Symbol.asyncDispose]: close };
}
