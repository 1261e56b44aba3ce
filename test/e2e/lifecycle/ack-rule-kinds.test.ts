/** Inputs of ack rules, locations of ids, and refusals: one gateway on a JetStream log. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask, post } from "../../support/http.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { until } from "../../support/until.ts";
import { registerSchema, watchProto } from "../registry/schemas.ts";

const skipReason = natsSkipReason();

describe.skipIf(skipReason !== undefined)("ack rules", () => {
  let nats: NatsServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    nats = await startNats();
    gateway = await startGateway({ env: { NATS_URL: nats.url } });
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await nats.stop();
  }, 30_000);

  const url = (path: string): string => gateway.url + path;
  const put = (rule: string, body: unknown): Promise<Answer> =>
    ask("PUT", url(`/v1/ack-rules/${rule}`), {
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  /** The acknowledged ids, once there are that many. */
  async function acked(topic: string, count: number): Promise<readonly string[]> {
    return await until(`${count} acks in ${topic}`, 5000, async () => {
      const page = await ask("GET", url(`/v1/topics/${topic}/records?after=earliest`));
      const events: { key: string; data: { message_id: string } }[] = page.json.events;
      if (events.length < count) return undefined;
      for (const { key, data } of events) expect(key).toBe(data.message_id);
      return events.map(({ data }) => data.message_id);
    });
  }

  async function made(rule: string, body: object): Promise<void> {
    const answer = await put(rule, body);
    expect({ status: answer.status, text: answer.status === 201 ? "" : answer.text }).toEqual({
      status: 201,
      text: "",
    });
  }

  test("find ids in keys, nested JSON, and messages of the registry", async () => {
    await made("keyed", { topics: ["k1", "k2"], output: "by-key", id: { key: true } });
    await made("nested", { topics: ["n1", "n2"], output: "by-pointer", id: { pointer: "/a/id" } });
    await made("field", { topics: ["w1", "w2"], output: "by-field", id: { field: "steps" } });
    const schema = await registerSchema(gateway.url, "watches", watchProto());
    const watch = schema.encode("acme.v1.Watch", {
      id: "w-12345",
      bpm: 60,
      steps: "9007199254740993",
    });
    for (const n of [1, 2]) {
      await ask("POST", url(`/v1/topics/k${n}/records?key=k%20%C3%BC%2F1`), {
        headers: { "content-type": "application/octet-stream" },
        body: Uint8Array.of(0, 255, 1),
      });
      await post(url(`/v1/topics/n${n}/records`), `{"a":{"id":9007199254740993}}`);
      await ask("POST", url(`/v1/topics/w${n}/records`), {
        headers: { "content-type": "application/protobuf", "sluice-schema-id": String(schema.id) },
        body: watch,
      });
    }
    expect(await acked("by-key", 1)).toEqual(["k ü/1"]);
    expect(await acked("by-pointer", 1)).toEqual(["9007199254740993"]);
    expect(await acked("by-field", 1)).toEqual(["9007199254740993"]);
    const known = await ask("GET", url("/v1/ack-rules/keyed/messages/k%20%C3%BC%2F1"));
    expect(known.json).toMatchObject({ message_id: "k ü/1", state: "complete", missing: [] });
  });

  test("cover lifecycle events, of one application or of all", async () => {
    const events = ["MADE", "QUEUED", "SHOWN"];
    await made("life", { events, app_id: "app-1", output: "ack-life", deadline_ms: 300 });
    const send = async (app_id: string, message_id: string, names: readonly string[]) => {
      for (const event of names) {
        const answer = await post(url("/api/event"), { app_id, message_id, event });
        expect(answer.status).toBeLessThan(300);
      }
    };
    await send("app-1", "m1", [...events, "SHOWN", "OTHER"]);
    await send("app-2", "m2", events);
    await send("app-1", "m3", ["MADE", "SHOWN"]);
    expect(await acked("ack-life", 1)).toEqual(["m1"]);
    const stats = await until("one that is overdue", 5000, async () => {
      const { json } = await ask("GET", url("/v1/ack-rules/life/stats"));
      return json.overdue === 1 ? json : undefined;
    });
    expect(stats).toMatchObject({ complete: 1, open: 0, overdue_ids: ["m3"], without_id: 0 });
    const overdue = await ask("GET", url("/v1/ack-rules/life/overdue"));
    expect(overdue.json.overdue).toMatchObject([{ message_id: "m3", missing: ["QUEUED"] }]);
  });

  test("read earlier records only with from earliest", async () => {
    for (const topic of ["e1", "e2"]) {
      await post(url(`/v1/topics/${topic}/records`), [{ message_id: "old" }]);
    }
    await made("from-now", { topics: ["e1", "e2"], output: "ack-now" });
    await made("from-earliest", { topics: ["e1", "e2"], output: "ack-all", from: "earliest" });
    for (const topic of ["e1", "e2"]) {
      await post(url(`/v1/topics/${topic}/records`), [{ message_id: "new" }]);
    }
    expect(await acked("ack-all", 2)).toEqual(["old", "new"]);
    expect(await acked("ack-now", 1)).toEqual(["new"]);
  });

  test("keep their configuration; removed and recreated they start over", async () => {
    const body = { topics: ["s1", "s2"], output: "ack-s", deadline_ms: 60_000 };
    await made("standing", body);
    const again = await put("standing", { ...body, topics: ["s2", "s1"], keep_ms: 86_400_000 });
    expect(again.status).toBe(200);
    expect((await ask("GET", url("/v1/ack-rules/standing"))).json).toMatchObject(again.json);
    const { json } = await ask("GET", url("/v1/ack-rules"));
    expect(json.ack_rules.map((rule: { name: string }) => rule.name)).toContain("standing");
    const overEvents = await put("standing", { events: ["A"], output: "ack-s" });
    expect(overEvents.json).toMatchObject({ status: 409, code: "conflict" });
    expect(overEvents.json.detail).toContain("it is over topics");
    const seeAll = async () => {
      for (const topic of body.topics) {
        await post(url(`/v1/topics/${topic}/records`), { message_id: "x" });
      }
    };
    await seeAll();
    expect(await acked("ack-s", 1)).toEqual(["x"]);
    expect((await ask("DELETE", url("/v1/ack-rules/standing"))).status).toBe(204);
    for (const path of ["", "/stats", "/overdue", "/messages/x"]) {
      expect((await ask("GET", url(`/v1/ack-rules/standing${path}`))).status).toBe(404);
    }
    expect((await ask("DELETE", url("/v1/ack-rules/standing"))).status).toBe(404);
    await made("standing", body);
    await seeAll();
    // The recreated rule is another producer, so the log does not take its ack for a duplicate.
    expect(await acked("ack-s", 2)).toEqual(["x", "x"]);
  });

  test("that are invalid are refused, and the error names the field", async () => {
    const wrong: readonly (readonly [body: unknown, field: string | undefined])[] = [
      ["", undefined],
      ["{", undefined],
      ["[]", ""],
      [{ output: "a" }, "/topics"],
      [{ topics: ["a"], events: ["b"], output: "c" }, "/topics"],
      [{ topics: [], output: "c" }, "/topics"],
      [{ topics: Array.from({ length: 33 }, (_, i) => `t${i}`), output: "c" }, "/topics"],
      [{ topics: ["a", "a"], output: "c" }, "/topics"],
      [{ topics: ["a b"], output: "c" }, "/topics/0"],
      [{ topics: ["a"] }, "/output"],
      [{ topics: ["a"], output: "a" }, "/output"],
      [{ topics: ["c.overdue"], output: "c" }, "/output"],
      [{ topics: ["a"], output: "emitters" }, "/output"],
      [{ topics: ["a"], output: "lifecycle" }, "/output"],
      [{ topics: ["a"], output: "x".repeat(200) }, "/output"],
      [{ topics: ["a"], output: "c", app_id: "d" }, "/app_id"],
      [{ events: ["a"], output: "c", id: { key: true } }, "/id"],
      [{ events: ["a\nb"], output: "c" }, "/events/0"],
      [{ events: ["x".repeat(60_000)], output: "c" }, "/events/0"],
      [{ topics: ["a"], output: "c", id: { pointer: "a" } }, "/id/pointer"],
      [{ topics: ["a"], output: "c", id: { field: "a..b" } }, "/id/field"],
      [{ topics: ["a"], output: "c", id: { key: false } }, "/id"],
      [{ topics: ["a"], output: "c", id: {} }, "/id"],
      [{ topics: ["a"], output: "c", deadline_ms: 0 }, "/deadline_ms"],
      [{ topics: ["a"], output: "c", deadline_ms: 1.5 }, "/deadline_ms"],
      [{ topics: ["a"], output: "c", keep_ms: 1e15 }, "/keep_ms"],
      [{ topics: ["a"], output: "c", more: 1 }, "/more"],
    ];
    for (const [body, field] of wrong) {
      const { status, json } = await put("wrong", body);
      expect({ body, status, field: json.errors?.[0]?.field }).toEqual({
        body,
        status: 400,
        field,
      });
    }
    const large = await put("wrong", { events: ["x".repeat(1 << 20)], output: "c" });
    expect([large.status, large.json.code]).toEqual([413, "too_large"]);
    expect((await put("a%20b", { topics: ["a"], output: "c" })).status).toBe(400);
    expect((await ask("GET", url("/v1/ack-rules/wrong"))).status).toBe(404);
    expect((await ask("POST", url("/v1/ack-rules/wrong"))).status).toBe(405);
    await made("plain", { topics: ["p1", "p2"], output: "ack-p" });
    for (const query of ["limit=0", "limit=x", "after=", "after=1", "after=1.%00", "after=.a"]) {
      expect((await ask("GET", url(`/v1/ack-rules/plain/overdue?${query}`))).status).toBe(400);
    }
    expect((await ask("GET", url("/sse/ack-rules/plain/overdue"))).json.detail).toContain(
      "no deadline",
    );
    expect((await ask("GET", url("/ws/ack-rules/none/overdue"))).status).toBe(404);
    const odd = await ask("GET", url(`/v1/ack-rules/plain/messages/${"x".repeat(4000)}%00`));
    expect(odd.json).toMatchObject({ state: "unseen", missing: ["p1", "p2"] });
  });

  test("cannot write to a topic in which the log cannot recognise duplicate acks", async () => {
    await post(url("/v1/topics/occupied/records"), { n: 1 });
    const answer = await put("bold", { topics: ["a"], output: "occupied" });
    expect(answer.status).toBe(409);
    expect(answer.json.detail).toContain(
      "its layout is records, expected a topic of layout frames",
    );
    expect((await ask("GET", url("/v1/ack-rules/bold"))).status).toBe(404);
    await ask("PUT", url("/v1/topics/framed"), { body: '{"layout":"frames","retention_ms":5000}' });
    await made("bold", { topics: ["a"], output: "framed" });
  });

  test("count records without ids, and continue", async () => {
    await made("some", { topics: ["o1", "o2"], output: "ack-o" });
    for (const topic of ["o1", "o2"]) {
      const records = [{}, { message_id: null }, 7, "a", { message_id: "x".repeat(100_000) }, []];
      await post(url(`/v1/topics/${topic}/records`), [...records, { message_id: "good" }]);
      await ask("POST", url(`/v1/topics/${topic}/records`), {
        headers: { "content-type": "application/octet-stream" },
        body: '{"message_id":"bytes"}',
      });
    }
    expect(await acked("ack-o", 1)).toEqual(["good"]);
    const stats = await until("all to be counted", 5000, async () => {
      const { json } = await ask("GET", url("/v1/ack-rules/some/stats"));
      return json.without_id >= 14 && json;
    });
    expect(stats).toMatchObject({ complete: 1, open: 0, without_id: 14 });
  });

  test("are limited in number", async () => {
    const { json } = await ask("GET", url("/v1/ack-rules"));
    const names = Array.from({ length: 65 - json.ack_rules.length }, (_, i) => `many${i}`);
    const statuses: number[] = [];
    for (const name of names) {
      statuses.push((await put(name, { topics: ["nothing"], output: "ack-many" })).status);
    }
    expect(statuses).toEqual([...names.slice(1).map(() => 201), 429]);
    for (const name of names) await ask("DELETE", url(`/v1/ack-rules/${name}`));
  });
});
