/** Bounds of what callers create, reached on purpose: each is refused by name, and nothing else is. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { runSluice } from "../support/command.ts";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { type Answer, ask, post } from "../support/http.ts";
import { pause, until } from "../support/until.ts";
import { producerOf } from "./rpc/collector.ts";
import { ways } from "./rpc/rpc.ts";

describe("at its bound", () => {
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await startGateway({
      env: {
        SLUICE_TOPICS_MAX: "10",
        SLUICE_EMITTERS_MAX: "5",
        SLUICE_GUEST_RATE_MAX: "10",
        SLUICE_ACK_RULES_MAX: "2",
        SLUICE_TAGS_MAX: "3",
      },
    });
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
  }, 30_000);

  const url = (path: string): string => gateway.url + path;
  const put = (path: string, body: object): Promise<Answer> =>
    ask("PUT", url(path), { body: JSON.stringify(body) });

  function expectRefused(answer: Answer, detail: string): void {
    expect([answer.status, answer.json.code]).toEqual([429, "overloaded"]);
    expect(answer.json.detail).toBe(detail);
  }

  test("the number of topics is refused however a topic would be created", async () => {
    const { json } = await ask("GET", url("/v1/topics"));
    for (let i = json.topics.length; i < 10; i++) {
      expect((await put(`/v1/topics/t${i}`, {})).status).toBe(201);
    }
    const full = "there are 10 topics, expected at most 10 (SLUICE_TOPICS_MAX)";
    expectRefused(await put("/v1/topics/more", {}), `Cannot create topic "more": ${full}`);
    expectRefused(
      await post(url("/v1/topics/more/records"), {}),
      `Cannot create topic "more": ${full}`,
    );
    for (const transport of Object.values(ways)) {
      const records = [{ value: Buffer.from("{}"), contentType: "application/json" }];
      const call = producerOf(transport(gateway)).publish({ topic: "more", records });
      const error = await call.catch((reason: unknown) => ConnectError.from(reason));
      expect(error).toMatchObject({ code: Code.ResourceExhausted });
      expect((error as ConnectError).rawMessage).toContain(full);
    }
    expectRefused(
      await put("/v1/ack-rules/r", { topics: ["t9"], output: "more" }),
      `Cannot create topic "more": ${full}`,
    );
    // What exists can be written, described and changed.
    expect((await post(url("/v1/topics/t9/records"), {})).status).toBe(200);
    expect((await put("/v1/topics/t9", { retention_ms: 60_000 })).status).toBe(200);
    expect((await ask("GET", url("/status"))).json.topics).toEqual({ count: 10, max: 10 });
    await ask("DELETE", url("/v1/topics/t9"));
    expect((await put("/v1/topics/more", {})).status).toBe(201);
  });

  test("lists of topics are paged, and the command line shows all pages", async () => {
    const names: string[] = [];
    for (let after: string | null = ""; after !== null;) {
      const from: string = after === "" ? "" : `&after=${after}`;
      const { json }: Answer = await ask("GET", url(`/v1/topics?limit=3${from}`));
      expect(json.topics.length).toBeWithin(1, 4);
      names.push(...json.topics.map(({ name }: { name: string }) => name));
      after = json.next;
    }
    expect(names).toHaveLength(10);
    expect(names).toEqual(names.toSorted());
    const { output } = await runSluice(["topic", "list", "--url", gateway.url, "--json"]).ended;
    expect(names.filter((name) => !output.includes(`"name":"${name}"`))).toEqual([]);
    for (const query of ["limit=0", "limit=1001", "after=a%20b"]) {
      expect((await ask("GET", url(`/v1/topics?${query}`))).status).toBe(400);
    }
  });

  test("the number of emitters and the rates of guests are refused", async () => {
    expect((await put("/log/g1", { rate: 6 })).status).toBe(201);
    expectRefused(
      await put("/log/g2", { rate: 6 }),
      'Cannot create emitter "g2" with 6 events per second: there are 6 events per second of guests, expected at most 10 (SLUICE_GUEST_RATE_MAX)',
    );
    expect((await put("/log/g2", { rate: 4 })).status).toBe(201);
    for (const id of ["e3", "e4", "e5"]) {
      expect((await put(`/log/${id}`, { source: "external" })).status).toBe(201);
    }
    const detail =
      'Cannot create emitter "e6": there are 5 emitters, expected at most 5 (SLUICE_EMITTERS_MAX)';
    expectRefused(await put("/log/e6", { source: "external" }), detail);
    // One that exists is no new one, and a refused one has used nothing up.
    expect((await put("/log/g1", { rate: 6 })).status).toBe(200);
    const { json } = await ask("GET", url("/status"));
    expect(json.emitters).toMatchObject({ count: 5, max: 5, guest_rate: 10, guest_rate_max: 10 });
  });

  test("the number of ack rules is refused", async () => {
    for (const name of ["r1", "r2"]) {
      expect((await put(`/v1/ack-rules/${name}`, { topics: ["a"], output: "t8" })).status).toBe(
        201,
      );
    }
    const first = (await ask("GET", url("/v1/ack-rules?limit=1"))).json;
    expect([first.ack_rules[0].name, first.ack_rules.length, first.next]).toEqual(["r1", 1, "r1"]);
    const last = (await ask("GET", url(`/v1/ack-rules?limit=1&after=${first.next}`))).json;
    expect([last.ack_rules[0].name, last.next]).toEqual(["r2", null]);
    expectRefused(
      await put("/v1/ack-rules/r3", { topics: ["a"], output: "t8" }),
      'Cannot create ack rule "r3": there are 2, expected at most 2 (SLUICE_ACK_RULES_MAX)',
    );
  });

  test("the number of tags is refused in every protocol, and known tags go on", async () => {
    const point = (tag: string) => `{"time":${Date.now()}000000,"tag":"${tag}","values":[1]}`;
    for (const tag of ["a", "b", "c"]) {
      expect((await post(url("/save"), point(tag))).status).toBe(204);
    }
    const says = (tag: string) =>
      `Cannot take a measurement of the new tag "${tag}": there are 3 tags, expected at most 3 (SLUICE_TAGS_MAX)`;
    await until("the count", 10_000, async () => {
      return (await ask("GET", url("/status"))).json.series.tags.count === 3;
    });
    await pause(500);
    const refused = await post(url("/save"), point("d"));
    expect([refused.status, refused.json.errors]).toMatchObject([
      429,
      [{ field: "tag", code: "overloaded", message: says("d") }],
    ]);
    const lines = await post(url("/api/v2/write"), `e value=1\na value=1`, {
      "content-type": "text/plain",
    });
    expect([lines.status, lines.text]).toEqual([400, expect.stringContaining('new tag \\"e\\"')]);
    const records = ["e", "a"].map((name) => ({
      value: Buffer.from(point(name)),
      contentType: "application/json",
    }));
    const producer = producerOf(ways["gRPC on the RPC port"](gateway));
    const answer = await producer.publish({ topic: "measurements", records });
    expect(answer.accepted).toBe(1n);
    expect(answer.refusals[0]?.message).toBe(`tag: ${says("e")}`);
    expect((await post(url("/save"), point("a"))).status).toBe(204);
    expect((await ask("GET", url("/status"))).json.series.tags).toEqual({ count: 3, max: 3 });
  }, 30_000);

  test("a topic's retention changes, its layout does not, and the answer names it", async () => {
    await put("/v1/topics/t7", { retention_ms: 1000, retention_bytes: 5000 });
    expect((await ask("PUT", url("/v1/topics/t7"))).json).toMatchObject({
      retention_ms: 1000,
      retention_bytes: 5000,
    });
    const answer = await put("/v1/topics/t7", { layout: "frames", schema: "id", retention_ms: 5 });
    expect(answer.status).toBe(409);
    expect(answer.json.detail).toStartWith('Cannot change the layout of topic "t7" from records');
    expect(answer.json.errors.map(({ field }: { field: string }) => field)).toEqual(["/layout"]);
    expect((await ask("GET", url("/v1/topics/t7"))).json.retention_ms).toBe(1000);
    await post(url("/v1/topics/t6/records"), [{ n: 1 }, { n: 2 }]);
    await put("/v1/topics/t6", { retention_ms: 1000 });
    await until("the old records to be dropped", 60_000, async () => {
      const page = await ask("GET", url("/v1/topics/t6/records"));
      return page.json.events.length === 0;
    });
  }, 70_000);
});
