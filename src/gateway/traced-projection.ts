/** A projection whose commits of traced records are reported as spans. */

import { failureFrom } from "../core/failure.ts";
import type { ProjectionTarget } from "../core/projection.ts";
import { contextsOf } from "../core/trace/trace.ts";
import type { Foundation } from "../features/part.ts";

export function traced(
  target: ProjectionTarget,
  { tracing, clock }: Pick<Foundation, "tracing" | "clock">,
): ProjectionTarget {
  if (tracing === undefined) return target;
  return {
    ...target,
    async commit(records, from, to) {
      const contexts = contextsOf(records.map(({ record }) => record));
      if (contexts.length === 0) return await target.commit(records, from, to);
      const startMs = clock.nowMs();
      const attributes = {
        "sluice.projection": target.name,
        "messaging.destination.name": target.topic,
        "messaging.batch.message_count": records.length,
      };
      const span = () =>
        ({ name: "project", startMs, endMs: clock.nowMs(), contexts, attributes }) as const;
      try {
        await target.commit(records, from, to);
        tracing.add(span());
      } catch (error) {
        tracing.add({ ...span(), failure: failureFrom(error).code });
        throw error;
      }
    },
  };
}
