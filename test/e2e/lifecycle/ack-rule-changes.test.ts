/** Ack rules that are changed on two nodes, whichever is killed meanwhile: what stays, what is forgotten. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask, post } from "../../support/http.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { seededRandom } from "../../support/random.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause, until } from "../../support/until.ts";

const skipReason = natsSkipReason();

describe("changing an ack rule on PostgreSQL", () => changes(undefined));
describe.skipIf(skipReason !== undefined)("changing an ack rule on JetStream", () =>
  changes(startNats),
);

function changes(startBroker: typeof startNats | undefined): void {
  let database: TestDatabase;
  let nats: NatsServer | undefined;
  const nodes: GatewayProcess[] = [];

  const startNode = () => {
    const broker: Record<string, string> = nats === undefined ? {} : { NATS_URL: nats.url };
    return startGateway({ env: { DATABASE_URL: database.url, ...broker } });
  };

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase();
    nats = await startBroker?.();
    nodes.push(...(await Promise.all([startNode(), startNode()])));
  }, 60_000);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await nats?.stop();
    await database.drop();
  }, 30_000);

  const url = (path: string, node = 0): string => `${nodes[node]?.url}${path}`;
  const put = (rule: string, body: object, node = 0): Promise<Answer> =>
    ask("PUT", url(`/v1/ack-rules/${rule}`, node), { body: JSON.stringify(body) });
  const preview = (rule: string, body: object, node = 0): Promise<Answer> =>
    ask("POST", url(`/v1/ack-rules/${rule}/preview`, node), { body: JSON.stringify(body) });
  const statsOf = async (rule: string) =>
    (await ask("GET", url(`/v1/ack-rules/${rule}/stats`))).json;
  const stateOf = async (rule: string, id: string) =>
    (await ask("GET", url(`/v1/ack-rules/${rule}/messages/${id}`))).json;

  async function see(topic: string, ...ids: string[]): Promise<void> {
    const records = ids.map((id) => ({ message_id: id }));
    const answer = await post(url(`/v1/topics/${topic}/records`), records);
    expect(answer.text).toContain(`"accepted":${ids.length}`);
  }

  async function acksOf(topic: string): Promise<readonly string[]> {
    const { json } = await ask("GET", url(`/v1/topics/${topic}/records?after=earliest&limit=1000`));
    const events: { data: { message_id: string } }[] = json.events ?? [];
    return events.map(({ data }) => data.message_id);
  }

  async function ownerOf(rule: string): Promise<number> {
    return await until("an owner", 15_000, async () => {
      for (const node of nodes.keys()) {
        const status = await ask("GET", url("/status", node)).catch(() => undefined);
        const rules: { rule: string; owned: boolean }[] = status?.json?.ack_rules ?? [];
        if (rules.some((one) => one.rule === rule && one.owned)) return { node };
      }
      return undefined;
    }).then(({ node }) => node);
  }

  test("a removed topic's sightings are forgotten, and ids that missed it alone are complete", async () => {
    const body = { topics: ["a1", "a2", "a3"], output: "acks-a" };
    expect((await put("less", body)).status).toBe(201);
    await see("a1", "done", "both", "one");
    await see("a2", "done", "both");
    await see("a3", "done", "lonely");
    await until("the first ack", 5000, async () => (await statsOf("less")).complete === 1);
    await until("all seen", 5000, async () => (await statsOf("less")).open === 3);
    const less = { ...body, topics: ["a2", "a1"] };
    const shown = await preview("less", less, 1);
    expect(shown.json).toEqual({
      changes: ["topics"],
      counted: 3,
      more: false,
      forgotten_sightings: { a3: 1 },
      forgotten_ids: 1,
      completed_ids: 1,
      waiting_ids: 1,
      overdue_ids: 0,
      reopened_ids: 0,
    });
    expect(await statsOf("less")).toMatchObject({ complete: 1, open: 3, forgotten: 0 });
    const changed = await put("less", less, 1);
    expect([changed.status, changed.json.topics]).toEqual([200, ["a2", "a1"]]);
    expect((await ask("GET", url("/v1/ack-rules/less"))).json).toMatchObject(changed.json);
    await until("the second ack", 5000, async () => (await acksOf("acks-a")).length === 2);
    expect(await statsOf("less")).toMatchObject({ complete: 2, open: 1, forgotten: 1 });
    expect(await stateOf("less", "lonely")).toMatchObject({ state: "unseen" });
    // What is complete stays so, whatever is seen again.
    for (const topic of ["a1", "a2", "a3"]) await see(topic, "done", "both");
    await see("a2", "one");
    await until("the third ack", 5000, async () => (await acksOf("acks-a")).length === 3);
    await pause(500);
    expect(await acksOf("acks-a")).toEqual(["done", "both", "one"]);
  }, 30_000);

  test("an added topic is missed by what is open, from its end on; what is complete stays so", async () => {
    const body = { topics: ["b1", "b2"], output: "acks-b" };
    await put("more", body);
    await see("b3", "before");
    await see("b1", "done", "before");
    await see("b2", "done");
    await until("the first ack", 5000, async () => (await statsOf("more")).complete === 1);
    const more = { ...body, topics: ["b1", "b2", "b3"] };
    expect((await preview("more", more)).json).toMatchObject({ waiting_ids: 1, forgotten_ids: 0 });
    expect((await put("more", more, 1)).status).toBe(200);
    await see("b2", "before");
    await until("it to be seen", 5000, async () => {
      return (await stateOf("more", "before")).missing.join() === "b3";
    });
    expect(await stateOf("more", "done")).toMatchObject({ state: "complete", missing: [] });
    await see("b3", "before", "done");
    await until("the second ack", 5000, async () => (await acksOf("acks-b")).length === 2);
    // From the beginning where the rule says so, but never twice.
    await see("b4", "old");
    const all = { ...more, topics: ["b4", "b3"], from: "earliest" };
    expect((await put("more", all)).status).toBe(200);
    await see("b3", "old");
    await until("the third ack", 5000, async () => (await acksOf("acks-b")).length === 3);
    expect((await put("more", { ...more, from: "earliest" }, 1)).status).toBe(200);
    await pause(1000);
    expect(await acksOf("acks-b")).toEqual(["done", "before", "old"]);
  }, 30_000);

  test("another deadline is that of the ids that wait already, and the stream says so", async () => {
    const body = { topics: ["c1", "c2"], output: "acks-c", deadline_ms: 1000 };
    await put("slow", body);
    const sse = await openSse(url("/sse/ack-rules/slow/overdue", 1));
    await see("c1", "x");
    const states = async (count: number) =>
      (await sse.take(count, 10_000)).map(({ data }) => JSON.parse(data).state);
    expect(await states(1)).toEqual(["overdue"]);
    const longer = { ...body, deadline_ms: 3_600_000 };
    expect((await preview("slow", longer)).json).toMatchObject({
      changes: ["deadline_ms"],
      reopened_ids: 1,
    });
    expect((await put("slow", longer, 1)).status).toBe(200);
    expect(await states(1)).toEqual(["reopened"]);
    expect(await statsOf("slow")).toMatchObject({ open: 1, overdue: 0 });
    const shorter = { ...body, deadline_ms: 500 };
    expect((await preview("slow", shorter)).json).toMatchObject({ overdue_ids: 1 });
    expect((await put("slow", shorter)).status).toBe(200);
    expect(await states(1)).toEqual(["overdue"]);
    const endless = { topics: body.topics, output: body.output };
    expect((await put("slow", endless)).json.deadline_ms).toBeUndefined();
    await until("it to be open again", 5000, async () => (await statsOf("slow")).open === 1);
    expect((await ask("GET", url("/v1/ack-rules/slow/overdue"))).json.overdue).toEqual([]);
    sse.close();
  }, 30_000);

  test("another output gets the acks that follow; the place of ids may change", async () => {
    const body = { topics: ["d1", "d2"], output: "acks-d" };
    await put("moved", body);
    await see("d1", "x", "y");
    await see("d2", "x");
    await until("the first ack", 5000, async () => (await acksOf("acks-d")).length === 1);
    const moved = { ...body, output: "acks-d-too", id: { pointer: "/id" } };
    expect((await put("moved", moved, 1)).json).toMatchObject({ output: "acks-d-too" });
    await post(url("/v1/topics/d2/records"), [{ id: "y" }]);
    await until("the ack there", 5000, async () => (await acksOf("acks-d-too")).length === 1);
    expect((await put("moved", body)).status).toBe(200);
    for (const topic of body.topics) await see(topic, "x", "y", "z");
    await until("the ack back here", 5000, async () => (await acksOf("acks-d")).length === 2);
    expect([await acksOf("acks-d"), await acksOf("acks-d-too")]).toEqual([["x", "z"], ["y"]]);
  }, 30_000);

  test("a change that cannot be made changes nothing", async () => {
    const body = { topics: ["e1", "e2"], output: "acks-e" };
    await put("firm", body);
    const [, cycle] = [await put("firm-too", { topics: ["acks-e"], output: "acks-f" }), body];
    for (const wrong of [
      { events: ["A"], output: "acks-e" },
      { ...cycle, topics: ["e1", "acks-f"] },
      { ...body, output: "emitters" },
    ]) {
      const [made, seen] = [await put("firm", wrong), await preview("firm", wrong)];
      expect([made.json.code, made.json.detail]).toEqual([seen.json.code, seen.json.detail]);
      expect(made.status).toBeOneOf([400, 409]);
    }
    expect((await ask("GET", url("/v1/ack-rules/firm"))).json).toMatchObject(body);
    expect((await preview("nothing", body)).status).toBe(404);
  }, 30_000);

  test("exactly one ack for each id, while the rule is changed and its owner killed", async () => {
    const topics = ["k1", "k2", "k3"];
    const changes = [
      { topics: ["k1", "k2"], output: "acks-k" },
      { topics: ["k1", "k2"], output: "acks-k-too", deadline_ms: 60_000 },
      { topics: ["k2", "k3", "k1"], output: "acks-k", keep_ms: 7_200_000 },
    ];
    await put("killed", { topics, output: "acks-k" });
    const random = seededRandom(17);
    const ids = Array.from({ length: 600 }, (_, i) => `m-${i}`);
    const append = async (topic: string, some: readonly string[]) => {
      const records = some.map((id) => ({ message_id: id }));
      const headers = { "idempotency-key": crypto.randomUUID() };
      await until(`records in ${topic}`, 15_000, async () => {
        for (const node of nodes.keys()) {
          const path = url(`/v1/topics/${topic}/records`, node);
          const answer = await post(path, records, headers).catch(() => undefined);
          if (answer?.status === 200 || answer?.status === 201) return true;
        }
        return false;
      });
    };
    const appending = (async () => {
      for (let at = 0; at < ids.length; at += 10) {
        for (const topic of topics) await append(topic, ids.slice(at, at + 10));
        await pause(40);
      }
    })();
    for (const change of changes) {
      await pause(300);
      const owner = await ownerOf("killed");
      const other = 1 - owner;
      const changing = put("killed", change, other);
      // In the middle of it: the owner may or may not have learned of it.
      await pause(random.int(600));
      await nodes[owner]?.kill9();
      const answer = await changing;
      expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, answer.text.slice(0, 200)]);
      nodes[owner] = await startNode();
      expect((await ask("GET", url("/v1/ack-rules/killed", owner))).json).toMatchObject(change);
    }
    await appending;
    for (const topic of topics) await append(topic, ids);
    await until("all acks", 20_000, async () => (await statsOf("killed")).complete === ids.length);
    await until("all appended", 5000, async () => {
      const acks = [...(await acksOf("acks-k")), ...(await acksOf("acks-k-too"))];
      return acks.length >= ids.length;
    });
    await pause(500);
    const acks = [...(await acksOf("acks-k")), ...(await acksOf("acks-k-too"))];
    expect(acks.toSorted()).toEqual(ids.toSorted());
  }, 120_000);

  test("the node that takes a change is killed before it is made: its request stands", async () => {
    const body = { topics: ["n1", "n2"], output: "acks-n" };
    await put("left", body);
    const owner = await ownerOf("left");
    const other = 1 - owner;
    await see("n1", "x");
    const changing = put("left", { ...body, topics: ["n1"] }, other).catch(() => undefined);
    await pause(5);
    await nodes[other]?.kill9();
    await changing;
    const now = (await ask("GET", url("/v1/ack-rules/left", owner))).json;
    nodes[other] = await startNode();
    if (now.changing === undefined && now.topics.length === 2) return;
    await until("the change", 10_000, async () => {
      const { json } = await ask("GET", url("/v1/ack-rules/left", owner));
      return json.changing === undefined && json.topics.join() === "n1";
    });
    await until("the ack", 10_000, async () => (await acksOf("acks-n")).length === 1);
  }, 60_000);
}
