// Sending records again as a job: counted first, paced, paused, resumed, and once each after a kill.

import { expect, test } from "bun:test";
import { onEachLog } from "../../support/each-log.ts";
import type { GatewayProcess } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { testPostgres } from "../../support/postgres.ts";
import { pause, until } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "../gateway/gateways.ts";

const start = startingGateways();

const json = { "content-type": "application/json" };

async function change(gateway: GatewayProcess, copy: string, body: object) {
  return await ask("PUT", `${gateway.url}/v1/copies/${copy}`, {
    headers: json,
    body: JSON.stringify(body),
  });
}

async function copyOf(gateway: GatewayProcess, copy: string) {
  return (await ask("GET", `${gateway.url}/v1/copies/${copy}`)).json;
}

async function numbersIn(gateway: GatewayProcess, topic: string): Promise<bigint[]> {
  const { text } = await ask(
    "GET",
    `${gateway.url}/v1/topics/${topic}/records?after=earliest&limit=1000`,
  );
  return Array.from(text.matchAll(/"n":(\d+)/g), ([, n = ""]) => BigInt(n));
}

const big = 9_007_199_254_740_993n;

async function fill(gateway: GatewayProcess, topic: string, count: number): Promise<void> {
  const records = Array.from(
    { length: count },
    (_, i) => `{"n":${big + BigInt(i)},"even":${i % 2 === 0}}`,
  );
  const { status } = await post(
    `${gateway.url}/v1/topics/${topic}/records?key=k`,
    `[${records.join(",")}]`,
    { "sluice-record-headers": '{"kind":"test"}' },
  );
  expect(status).toBe(200);
}

onEachLog("copies", (startLog) => {
  test(
    "a job sends what a filter finds, says where from, and each record once although its node is killed",
    async () => {
      const server = await testPostgres();
      await using database = await server.createDatabase();
      const env = { DATABASE_URL: database.url, ...(await startLog()) };
      const [a, b] = await Promise.all([start({ env }), start({ env })]);
      await fill(a, "dead", 400);
      const request = { to: "again", where: "value.even", rate: 40 };
      const counted = await post(`${a.url}/v1/topics/dead/copies`, { ...request, dry_run: true });
      expect(counted.json).toMatchObject({ read: 400, matched: 200, refused: 0, whole: true });
      expect((await ask("GET", `${a.url}/v1/topics/again`)).status).toBe(404);

      const body = { ...request, copy: "even-again" };
      expect((await post(`${a.url}/v1/topics/dead/copies`, body)).status).toBe(201);
      // The same request again is the same job.
      expect((await post(`${a.url}/v1/topics/dead/copies`, body)).json.copy).toBe("even-again");
      await until("some are sent", 20_000, async () => (await copyOf(b, "even-again")).sent > 20);
      expect((await change(b, "even-again", { state: "paused" })).json.state).toBe("paused");
      await pause(1500);
      const paused = await copyOf(b, "even-again");
      await pause(1500);
      expect((await copyOf(b, "even-again")).sent).toBe(paused.sent);
      expect(paused.sent).toBeLessThan(200);

      await change(b, "even-again", { state: "running", rate: 60 });
      await until(
        "it goes on",
        20_000,
        async () => (await copyOf(b, "even-again")).sent > paused.sent,
      );
      await a.kill9();
      const ended = await until("the end", 40_000, async () => {
        const copy = await copyOf(b, "even-again");
        return copy.state === "done" && copy;
      });
      expect(ended).toMatchObject({
        read: 400,
        matched: 200,
        sent: 200,
        refused: 0,
        failure: null,
      });
      const expected = Array.from({ length: 200 }, (_, i) => big + BigInt(2 * i));
      expect(await numbersIn(b, "again")).toEqual(expected);
      expect(await numbersIn(b, "dead")).toHaveLength(400);
      expect((await change(b, "even-again", { state: "running" })).status).toBe(409);
      expect(a.log() + b.log()).toContain("create copy");

      const stream = await fetch(
        `${b.url}/v1/topics/again/sse?after=earliest&where=${encodeURIComponent('headers["sluice-copied-from"].startsWith("dead@") && headers["kind"] == "test" && key == "k"')}`,
      );
      const reader = stream.body?.getReader();
      let seen = "";
      while (!seen.includes(String(big))) {
        const { value, done = true } = (await reader?.read()) ?? {};
        if (done) break;
        seen += new TextDecoder().decode(value);
      }
      expect(seen).toContain(String(big));
      await reader?.cancel();
      await b.stop();
    },
    timeoutMs + 60_000,
  );

  test(
    "what the target refuses is counted with its reason; without rights there is no job",
    async () => {
      const secret = `slk_3kf82hs0_${"x".repeat(43)}`;
      const gateway = await start({
        env: { SLUICE_ADMIN_KEY: secret, SLUICE_ANONYMOUS_GRANTS: "", ...(await startLog()) },
      });
      const admin = { ...json, authorization: `Bearer ${secret}` };
      await post(`${gateway.url}/v1/topics/source/records`, [{ n: 1 }, { n: 2 }], admin);
      await ask("PUT", `${gateway.url}/v1/topics/strict`, {
        headers: admin,
        body: '{"schema":"id"}',
      });
      const body = { copy: "job", to: "strict" };
      await post(`${gateway.url}/v1/topics/source/copies`, body, admin);
      const ended = await until("the end", 20_000, async () => {
        const { json: copy } = await ask("GET", `${gateway.url}/v1/copies/job`, { headers: admin });
        return copy.state === "done" && copy;
      });
      expect(ended).toMatchObject({ read: 2, matched: 2, sent: 0, refused: 2 });
      expect(ended.last_refusal).toContain("schema");

      const key = await post(
        `${gateway.url}/v1/keys`,
        { name: "reader", grants: ["read topic:source", "append topic:other"] },
        admin,
      );
      const reader = { ...json, authorization: `Bearer ${key.json.key}` };
      expect((await post(`${gateway.url}/v1/topics/source/copies`, body, reader)).status).toBe(403);
      const allowed = { ...body, copy: "mine", to: "other" };
      expect((await post(`${gateway.url}/v1/topics/source/copies`, allowed, reader)).status).toBe(
        201,
      );
      const other = await post(
        `${gateway.url}/v1/keys`,
        { name: "stranger", grants: ["read topic:elsewhere"] },
        admin,
      );
      const stranger = { authorization: `Bearer ${other.json.key}` };
      const { json: list } = await ask("GET", `${gateway.url}/v1/copies`, { headers: stranger });
      expect(list.copies).toEqual([]);
      expect(
        (await ask("GET", `${gateway.url}/v1/copies/mine`, { headers: stranger })).status,
      ).toBe(404);
    },
    timeoutMs,
  );

  test(
    "records are sent to their own topic again: some of them, once, with headers of bytes; not all",
    async () => {
      const gateway = await start({ env: await startLog() });
      const records = `${gateway.url}/v1/topics/own/records`;
      const headers = { "sluice-record-headers": '{"kind":"first","trace":{"base64":"/wAB"}}' };
      expect((await post(records, [{ n: 1 }, { n: 2 }], headers)).status).toBe(200);
      for (const wrong of ["[]", '{"a":1}', '{"a":{"base64":"?"}}', '{"a":{"hex":"ff"}}']) {
        const answer = await post(records, { n: 0 }, { "sluice-record-headers": wrong });
        expect([wrong, answer.status]).toEqual([wrong, 400]);
        expect(answer.json.detail).toContain("of texts");
      }

      const copies = `${gateway.url}/v1/topics/own/copies`;
      for (const body of [{ to: "own" }, { to: "own", dry_run: true }]) {
        const refused = await post(copies, body);
        expect([refused.status, refused.json.errors[0].field]).toEqual([400, "/to"]);
      }
      // What it sends matches its own filter, and comes behind its end.
      const job = await post(copies, { copy: "once", to: "own", where: "value.n > 0", rate: 1000 });
      expect(job.status).toBe(201);
      const ended = await until("the end", 20_000, async () => {
        const copy = await copyOf(gateway, "once");
        return copy.state === "done" && copy;
      });
      expect(ended).toMatchObject({ read: 2, matched: 2, sent: 2, refused: 0 });
      const { json: page } = await ask("GET", `${records}?after=earliest&details=true`);
      const shown = page.events.map((event: { data: unknown; headers: object }) => [
        event.data,
        event.headers,
      ]);
      const first = { kind: "first", trace: { base64: "/wAB" } };
      const from = (at: number) => `own@${page.events[at].position}`;
      expect(shown).toEqual([
        [{ n: 1 }, first],
        [{ n: 2 }, first],
        [{ n: 1 }, { ...first, "sluice-copied-from": from(0) }],
        [{ n: 2 }, { ...first, "sluice-copied-from": from(1) }],
      ]);
    },
    timeoutMs,
  );
});
