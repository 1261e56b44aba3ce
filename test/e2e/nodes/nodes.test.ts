// Two nodes: each answers for both, names the one that was killed, and shows its share as missing.

import { expect, test } from "bun:test";
import { onEachLog } from "../../support/each-log.ts";
import { ask, post } from "../../support/http.ts";
import { testPostgres } from "../../support/postgres.ts";
import { pause, until } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "../gateway/gateways.ts";

const start = startingGateways();

interface HistoryNode {
  readonly node: string;
  readonly condition: string;
  readonly points: Readonly<Record<"records_in" | "subscribers", readonly (number | null)[]>>;
}

async function bodyOf(url: string, path: string) {
  const { status, json } = await ask("GET", `${url}${path}`);
  expect(status).toBe(200);
  return json;
}

onEachLog("nodes", (startLog) => {
  test(
    "each of two nodes answers for both; a killed one is named, and its share is missing",
    async () => {
      const server = await testPostgres();
      await using database = await server.createDatabase();
      const env = { DATABASE_URL: database.url, ...(await startLog()) };
      const [a, b] = await Promise.all([start({ env }), start({ env })]);
      const names = await Promise.all(
        [a, b].map(async ({ url }) => (await bodyOf(url, "/status")).node as string),
      );
      await until("both nodes on each", 15_000, async () => {
        const lists = await Promise.all([a, b].map(({ url }) => bodyOf(url, "/v1/nodes")));
        return lists.every(({ nodes }) => nodes.length === 2);
      });
      const owned: string[] = await until("what the nodes own", 25_000, async () => {
        const { nodes } = await bodyOf(a.url, "/v1/nodes");
        const all = nodes.flatMap(({ owns }: { owns: string[] }) => owns);
        return all.includes("emitter-pages") && all;
      });
      expect(new Set(owned).size).toBe(owned.length);

      for (let i = 0; i < 50; i++) {
        await post(`${a.url}/v1/topics/orders/records`, { n: i });
        await post(`${b.url}/v1/topics/orders/records`, { n: i });
      }
      const sumOf = ({ points }: HistoryNode) =>
        points.records_in.reduce<number>((sum, rate) => sum + (rate ?? 0) * 10, 0);
      await until("the points of both nodes, on each", 25_000, async () => {
        const all = await Promise.all([a, b].map(({ url }) => bodyOf(url, "/v1/history")));
        return all.every(({ nodes }: { nodes: HistoryNode[] }) =>
          nodes.every((node) => sumOf(node) > 45),
        );
      });
      const history = await bodyOf(b.url, `/v1/history?node=${names[0]}`);
      expect(history.nodes.map(({ node }: HistoryNode) => node)).toEqual([names[0]]);

      await a.kill9();
      const problem = await until("the problem", 45_000, async () => {
        const { problems } = await bodyOf(b.url, "/v1/problems");
        return problems.find(({ kind }: { kind: string }) => kind === "node_silent");
      });
      expect(problem.about).toEqual({ kind: "node", name: names[0] });
      const { nodes } = (await bodyOf(b.url, "/v1/history")) as { nodes: HistoryNode[] };
      const killed = nodes.find(({ node }) => node === names[0]);
      expect(killed?.condition).toBe("silent");
      // Missing, not zero.
      expect(killed?.points.records_in.at(-1)).toBeNull();
      expect(nodes.find(({ node }) => node === names[1])?.points.records_in.at(-1)).toBeNumber();

      await b.stop();
      const c = await start({ env });
      const stopped = (await bodyOf(c.url, "/v1/nodes")).nodes.find(
        ({ node }: { node: string }) => node === names[1],
      );
      expect(stopped.condition).toBe("stopped");
    },
    timeoutMs + 60_000,
  );

  test(
    "what is wrong now is said in words: a topic that refuses records, by its name",
    async () => {
      const gateway = await start({ env: await startLog() });
      const created = await ask("PUT", `${gateway.url}/v1/topics/strict`, {
        headers: { "content-type": "application/json" },
        body: '{"schema":"id"}',
      });
      expect(created.status).toBe(201);
      expect((await bodyOf(gateway.url, "/v1/problems")).problems).toEqual([]);
      await post(`${gateway.url}/v1/topics/strict/records`, { n: 1 });
      const problem = await until("the problem", 15_000, async () => {
        await pause(500);
        return (await bodyOf(gateway.url, "/v1/problems")).problems[0];
      });
      expect(problem.kind).toBe("topic_refuses");
      expect(problem.about).toEqual({ kind: "topic", name: "strict" });
      expect(problem.message).toContain('Topic "strict" refused 1 record within the last minute.');
    },
    timeoutMs,
  );
});
