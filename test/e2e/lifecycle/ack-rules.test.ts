/** Ack rules on two nodes, on each log: one ack for each id, whichever node is killed. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask, post } from "../../support/http.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { type Random, seededRandom } from "../../support/random.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause, until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";

const skipReason = natsSkipReason();

suite("PostgreSQL", async (databaseUrl) => ({
  env: { DATABASE_URL: databaseUrl },
  services: [await testPostgres()],
  stop: async () => {},
}));
if (skipReason === undefined) {
  suite("JetStream", async (databaseUrl) => {
    const nats = await startNats();
    return {
      env: { DATABASE_URL: databaseUrl, NATS_URL: nats.url },
      services: [nats, await testPostgres()],
      stop: () => nats.stop(),
    };
  });
} else {
  describe("ack rules on JetStream", () => test.skip(skipReason, () => {}));
}

interface Services {
  readonly env: Record<string, string>;
  /** The services that a gateway depends on. */
  readonly services: readonly { kill9(): Promise<void>; start(): Promise<void> }[];
  stop(): Promise<void>;
}

interface Ack {
  readonly rule: string;
  readonly message_id: string;
  readonly seen: Readonly<Record<string, string>>;
  readonly delay_ms: number;
  readonly late?: boolean;
}

function suite(name: string, start: (databaseUrl: string) => Promise<Services>): void {
  describe(`ack rules on ${name}`, () => {
    let database: TestDatabase;
    let services: Services;
    const nodes: GatewayProcess[] = [];

    const startNode = () => startGateway({ env: services.env });

    beforeAll(async () => {
      database = await (await testPostgres()).createDatabase();
      services = await start(database.url);
      nodes.push(...(await Promise.all([startNode(), startNode()])));
    }, 60_000);

    afterAll(async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await services.stop();
      await database.drop();
    }, 30_000);

    const url = (path: string, node = 0): string => `${nodes[node]?.url}${path}`;

    /** The answer of the first node that gives one, because a node may be dead. */
    async function anywhere(send: (node: number) => Promise<Answer>): Promise<Answer> {
      return await until("a node that answers", 10_000, async () => {
        for (const node of [0, 1]) {
          const answer = await send(node).catch(() => undefined);
          if (answer !== undefined && answer.status < 500) return answer;
        }
        return undefined;
      });
    }

    async function makeRule(rule: string, body: object): Promise<Answer> {
      return await ask("PUT", url(`/v1/ack-rules/${rule}`), { body: JSON.stringify(body) });
    }

    async function see(topic: string, ids: readonly string[], key = ""): Promise<void> {
      const records = ids.map((id) => ({ message_id: id }));
      // With the key, a retry on the other node stores nothing twice.
      const headers = { "idempotency-key": key === "" ? crypto.randomUUID() : key };
      const answer = await anywhere((node) =>
        post(url(`/v1/topics/${topic}/records`, node), records, headers),
      );
      expect(answer.text).toContain(`"accepted":${ids.length}`);
    }

    async function recordsOf<Data = Ack>(topic: string): Promise<readonly Data[]> {
      const data: Data[] = [];
      for (let after: string | null = "earliest"; after !== null;) {
        const at: string = after;
        const page = await anywhere((node) =>
          ask("GET", url(`/v1/topics/${topic}/records?limit=1000&after=${at}`, node)),
        );
        data.push(...page.json.events.map((event: { data: Data }) => event.data));
        after = page.json.next;
      }
      return data;
    }

    async function statsOf(rule: string): Promise<Answer["json"]> {
      return (await anywhere((node) => ask("GET", url(`/v1/ack-rules/${rule}/stats`, node)))).json;
    }

    /** Index of the node that runs the rule; -1 if no node runs it. */
    async function ownerOf(rule: string): Promise<number> {
      for (const node of [0, 1]) {
        const status = await ask("GET", url("/status", node)).catch(() => undefined);
        const rules: { rule: string; owned: boolean }[] = status?.json?.ack_rules ?? [];
        if (rules.some((one) => one.rule === rule && one.owned)) return node;
      }
      return -1;
    }

    test("exactly one ack for each complete id and none for the others, while owners are killed", async () => {
      const topics = ["a1", "a2", "a3"];
      expect((await makeRule("killed", { topics, output: "acks-killed" })).status).toBe(201);
      const random = seededRandom(11);
      const ids = Array.from({ length: 800 }, (_, i) => `m-${i}`);
      const incomplete = new Set(ids.filter(() => random.chance(0.1)));
      let over = false;
      let kills = 0;
      const killing = (async () => {
        while (!over) {
          const owner = await ownerOf("killed");
          if (owner < 0) {
            await pause(50);
            continue;
          }
          await pause(300 + random.int(500));
          await nodes[owner]?.kill9();
          kills++;
          nodes[owner] = await startNode();
        }
      })();
      for (let at = 0; at < ids.length; at += 20) {
        const some = shuffled(ids.slice(at, at + 20), random);
        const again = shuffled(ids.slice(0, at), random).slice(0, 2);
        for (const topic of shuffled(topics, random)) {
          const seen = [...some, ...again].filter((id) => !(topic === "a2" && incomplete.has(id)));
          if (seen.length > 0) await see(topic, seen);
        }
        await pause(60);
        // Owners are killed at three points of the run, however long a start takes.
        const due = Math.floor(((at + 20) * 3) / ids.length);
        await until(`kill ${due}`, 30_000, () => kills >= due);
      }
      over = true;
      await killing;

      const expected = ids.filter((id) => !incomplete.has(id));
      await until("all acks", 15_000, async () => {
        return (await recordsOf("acks-killed")).length >= expected.length;
      });
      await pause(500);
      const acks = await recordsOf("acks-killed");
      expect(acks.map(({ message_id }) => message_id).toSorted()).toEqual(expected.toSorted());
      for (const { rule, seen, delay_ms } of acks) {
        expect(rule).toBe("killed");
        expect(Object.keys(seen)).toEqual(topics);
        expect(delay_ms).toBeGreaterThanOrEqual(0);
      }
      const stats = await statsOf("killed");
      expect(stats).toMatchObject({ complete: expected.length, open: incomplete.size, overdue: 0 });
      expect(stats.delay_ms.p50).toBeGreaterThan(0);
    }, 120_000);

    test("after a deadline the missing topics are reported live; a late arrival resolves it", async () => {
      const body = { topics: ["b1", "b2", "b3"], output: "acks-b", deadline_ms: 2500 };
      expect((await makeRule("timely", body)).status).toBe(201);
      // This rule has the same output, and therefore the same topic of overdue ids.
      const other = { ...body, topics: ["b1", "b4"] };
      expect((await makeRule("timely-too", other)).status).toBe(201);
      const sse = await openSse(url("/sse/ack-rules/timely/overdue", 1));
      const ws = await openWs(`${nodes[0]?.wsUrl}/ws/ack-rules/timely/overdue`);
      expect(await ws.next()).toMatchObject({ op: "subscribed" });
      await see("b1", ["late", "never", "quick"]);
      await see("b2", ["quick"]);
      await see("b3", ["quick", "late"]);
      const overdue = (await sse.take(2, 10_000)).map(({ data }) => JSON.parse(data));
      expect(overdue.toSorted((a, b) => (a.message_id < b.message_id ? -1 : 1))).toMatchObject([
        { rule: "timely", message_id: "late", state: "overdue", missing: ["b2"] },
        { rule: "timely", message_id: "never", state: "overdue", missing: ["b2", "b3"] },
      ]);
      expect(await statsOf("timely")).toMatchObject({
        complete: 1,
        open: 0,
        overdue: 2,
        overdue_ids: ["late", "never"],
      });
      const first = await ask("GET", url("/v1/ack-rules/timely/overdue?limit=1"));
      expect(first.json.overdue).toMatchObject([{ message_id: "late", missing: ["b2"] }]);
      const next = encodeURIComponent(first.json.next);
      const second = await ask("GET", url(`/v1/ack-rules/timely/overdue?after=${next}`, 1));
      expect(second.json).toMatchObject({ overdue: [{ message_id: "never" }], next: null });

      await see("b2", ["late"]);
      const [resolved] = (await sse.take(1)).map(({ data }) => JSON.parse(data));
      expect(resolved).toMatchObject({ message_id: "late", state: "resolved", missing: [] });
      const { events } = await ws.nextThat(
        ({ events: some }) => some?.at(-1)?.data.state === "resolved",
      );
      expect(events.at(-1).data).toEqual(resolved);
      const acks = await until("both acks", 5000, async () => {
        const some = await recordsOf("acks-b");
        return some.length === 2 && some;
      });
      expect(acks.map(({ message_id, late }) => [message_id, late])).toEqual([
        ["quick", undefined],
        ["late", true],
      ]);
      const late = await ask("GET", url("/v1/ack-rules/timely/messages/late"));
      expect(late.json).toMatchObject({ state: "complete", missing: [], seen: acks[1]?.seen });
      const never = await ask("GET", url("/v1/ack-rules/timely/messages/never", 1));
      expect(never.json).toMatchObject({ state: "overdue", missing: ["b2", "b3"] });
      const unknown = await ask("GET", url("/v1/ack-rules/timely/messages/a%2Fb%20c"));
      expect(unknown.json).toMatchObject({ message_id: "a/b c", state: "unseen", seen: {} });
      sse.close();
      ws.cut();
    }, 40_000);

    test("services of the gateway are killed and restarted: every ack is written once", async () => {
      const topics = ["d1", "d2"];
      expect((await makeRule("tough", { topics, output: "acks-d" })).status).toBe(201);
      const expected: string[] = [];
      let over = false;
      const seeing = (async () => {
        for (let n = 0; !over; n++) {
          const ids = Array.from({ length: 5 }, (_, i) => `${n}-${i}`);
          for (const topic of topics) await see(topic, ids);
          expected.push(...ids);
          await pause(20);
        }
      })();
      for (const service of services.services) {
        await pause(500);
        await service.kill9();
        await pause(1500);
        await service.start();
      }
      await until("ids seen", 20_000, () => expected.length > 50);
      over = true;
      await seeing;
      await until("all acks", 20_000, async () => {
        return (await statsOf("tough")).complete === expected.length;
      });
      await until("all appended", 5000, async () => {
        return (await recordsOf("acks-d")).length >= expected.length;
      });
      const acked = (await recordsOf("acks-d")).map(({ message_id }) => message_id);
      expect(acked.toSorted()).toEqual(expected.toSorted());
    }, 60_000);
  });
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const keyed = all.map((one) => [random.int(1_000_000), one] as const);
  return keyed.toSorted(([a], [b]) => a - b).map(([, one]) => one);
}
