/** `/status` and `/metrics` of several processes: whichever is asked reports on all of them. */

import type { Health } from "../../features/operation/health.ts";
import { mergeMetrics } from "./merged-metrics.ts";
import type { Siblings } from "./siblings.ts";

export interface OverAll {
  /** This process's status, and in `processes` that of each. */
  health<H extends Health & { isQueried(): boolean }>(health: H): H;
  metrics(text: () => Promise<string>): () => Promise<string>;
}

/** Nothing changes where this process is the only one. */
export function overAllProcesses(siblings: Siblings | undefined): OverAll {
  if (siblings === undefined) return { health: (health) => health, metrics: (text) => text };
  return {
    health(health) {
      siblings.answer("status", () => health.status());
      siblings.answer("readinessQueried", () => health.isQueried());
      return {
        ...health,
        async status() {
          const [own, all] = await Promise.all([health.status(), siblings.gather("status")]);
          const processes = all.map(({ index, pid, restarts, value }) => {
            const status = typeof value === "object" ? value : {};
            return { index, pid, restarts, ...status };
          });
          return { ...own, process: siblings.assignment.index, processes };
        },
      };
    },
    metrics(text) {
      siblings.answer("metrics", text);
      return async () => {
        const all = await siblings.gather("metrics");
        return mergeMetrics(
          all.map(({ index, value }) => ({
            process: index,
            text: typeof value === "string" ? value : "",
          })),
        );
      };
    },
  };
}
