/** The span of a flush, for the traces of its records. */

import type { Clock } from "../core/clock.ts";
import { contextsOf, type Tracing } from "../core/trace/trace.ts";
import type { Channel } from "./channel.ts";

interface Flushed {
  /** When the oldest record of it was received. */
  readonly receivedNs: bigint;
  readonly pending: Channel["pending"];
}

export function traceDelivery(
  tracing: Tracing,
  clock: Clock,
  { topic, size }: Channel,
  { receivedNs, pending }: Flushed,
): void {
  const contexts = contextsOf(pending.map(({ record }) => record));
  if (contexts.length === 0) return;
  tracing.add({
    name: "deliver",
    startMs: Number(receivedNs) / 1e6,
    endMs: clock.nowMs(),
    contexts,
    attributes: {
      "messaging.destination.name": topic,
      "messaging.batch.message_count": pending.length,
      "sluice.subscribers": size,
    },
  });
}
