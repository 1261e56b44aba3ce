/** deploy/observe with the real Prometheus: it scrapes two nodes, and finds what it asks for. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterThisProcess } from "../../support/cleaner.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { freePort } from "../../support/port.ts";
import { testPostgres } from "../../support/postgres.ts";
import { prometheus, promtool, runTool, toolTest } from "../../support/tools.ts";
import { until } from "../../support/until.ts";
import { startLoad } from "./load.ts";
import { alertQueries, dashboardQueries, observe, type Query } from "./queries.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-observe-"));
let nodes: readonly GatewayProcess[] = [];

beforeAll(async () => {
  const { url } = await (await testPostgres()).createDatabase();
  const env = { DATABASE_URL: url, SLUICE_METRICS_PORT: "0" };
  nodes = [await startGateway({ env }), await startGateway({ env })];
}, 120_000);

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  rmSync(folder, { recursive: true });
});

function metricsUrl(node: GatewayProcess): string {
  return /"url":"(http:[^"]+\/metrics)"/.exec(node.log())?.[1] ?? "";
}

toolTest(promtool, "promtool finds nothing wrong with the files", async (path) => {
  const checks = [
    ["check", "config", join(observe, "prometheus.yml")],
    ["check", "rules", join(observe, "alerts.yml")],
    ["test", "rules", join(observe, "alerts.test.yml")],
  ];
  for (const check of checks) {
    const { code, output, errors } = await runTool([path, ...check]);
    expect([check, code, code === 0 ? "" : output + errors]).toEqual([check, 0, ""]);
  }
});

toolTest(promtool, "promtool finds nothing wrong with the metrics of a node", async (path) => {
  for (const node of nodes) {
    const input = await (await fetch(metricsUrl(node))).text();
    expect(await runTool([path, "check", "metrics"], { input })).toEqual({
      code: 0,
      output: "",
      errors: "",
    });
  }
});

toolTest(
  prometheus,
  "every query of the dashboards and alerts has series, from both nodes",
  async (path) => {
    const load = startLoad(nodes);
    const server = await startPrometheus(path);
    try {
      await until("both nodes are scraped", 30_000, async () => {
        const up = await server.query("sum(up) + count(sluice_info)");
        return up[0]?.value === "4";
      });
      const missing = new Set<Query>([...dashboardQueries(), ...alertQueries()]);
      expect(missing.size).toBeGreaterThan(80);
      await until("every query has series", 60_000, async () => {
        for (const query of missing) {
          if ((await server.query(query.expr)).length > 0) missing.delete(query);
        }
        return missing.size === 0;
      }).catch((error: unknown) => {
        expect([...missing]).toEqual([]);
        throw error;
      });
      // By node, so that nothing is taken for both that only one of them has.
      const perNode = "count by (instance) (rate(sluice_requests_total[10s]) > 0)";
      await until("requests of both nodes", 30_000, async () => {
        return (await server.query(perNode)).length === 2;
      });
      const taken = "sum by (protocol) (sluice_accepted_records_total) > 0";
      const protocols = (await server.query(taken)).map(({ labels }) => labels["protocol"] ?? "");
      expect(protocols.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        "http",
        "internal",
        "rpc",
        "websocket",
      ]);
      const { groups } = await server.rules();
      const rules = groups.flatMap((group) => group.rules);
      expect(rules.map(({ health }) => health)).not.toContain("err");
      expect(rules).toHaveLength(alertQueries().length);
    } finally {
      await server.stop();
      await load.stop();
    }
  },
  180_000,
);

test("a dashboard's panels have what Grafana shows them by", () => {
  for (const { of, expr } of dashboardQueries()) {
    expect([of, expr.includes("$")]).toEqual([of, false]);
  }
});

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

interface RuleGroups {
  readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[];
}

/** Scrapes the nodes once a second, with the alerts of deploy/observe. */
async function startPrometheus(program: string) {
  const port = await freePort();
  const targets = nodes.map((node) => `"${new URL(metricsUrl(node)).host}"`).join(", ");
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["${join(observe, "alerts.yml")}"]
scrape_configs:
  - job_name: sluice
    static_configs: [{ targets: [${targets}] }]
`,
  );
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  afterThisProcess("kill -9 $1", [String(child.pid)]);
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await until("Prometheus is ready", 20_000, async () => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${errors}`);
    return await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  const get = async (path: string) => {
    const answer = (await (await fetch(url + path)).json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: unknown;
    };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  };
  return {
    async query(expr: string): Promise<readonly Series[]> {
      const data = (await get(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as {
        readonly result: readonly {
          readonly metric: Readonly<Record<string, string>>;
          readonly value: readonly [number, string];
        }[];
      };
      return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value }));
    },
    rules: async () => (await get("/api/v1/rules")) as RuleGroups,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
