/** The queries of deploy/observe: of each panel of each dashboard, and of each alert. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { root } from "../../docs/run.ts";

export const observe = join(root, "deploy/observe");
const dashboards = join(observe, "grafana/dashboards");

export interface Query {
  /** Where it stands. */
  readonly of: string;
  readonly expr: string;
}

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

interface AlertGroup {
  readonly rules: readonly { readonly alert: string; readonly expr: string }[];
}

/** As Grafana sends them for all nodes, over a window that covers a few scrapes. */
export function dashboardQueries(): readonly Query[] {
  const files = readdirSync(dashboards).filter((name) => name.endsWith(".json"));
  return files.flatMap((file) => {
    const { panels } = JSON.parse(readFileSync(join(dashboards, file), "utf8")) as {
      readonly panels: readonly Panel[];
    };
    return panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({
        of: `${file}: ${title}`,
        expr: expr.replaceAll("$instance", ".+").replaceAll("$__rate_interval", "10s"),
      })),
    );
  });
}

/** Without their thresholds, past which a healthy node has nothing. */
export function alertQueries(): readonly Query[] {
  const { groups } = parse(readFileSync(join(observe, "alerts.yml"), "utf8")) as {
    readonly groups: readonly AlertGroup[];
  };
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => {
      const [, compared = ""] = /^(.+) (?:>|<|==|>=|<=) [\d.]+$/s.exec(expr.trim()) ?? [];
      if (compared === "") throw new Error(`The alert ${alert} does not end in its threshold`);
      return { of: alert, expr: compared };
    }),
  );
}
