// Lists of topics: searched, in another order, by page, with figures of the rows that are shown.

import { expect, test } from "bun:test";
import { onEachLog } from "../../support/each-log.ts";
import { ask, post } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "../gateway/gateways.ts";

const start = startingGateways();

const namesOf = (json: { topics: { name: string }[] }) => json.topics.map(({ name }) => name);

onEachLog("lists of topics", (startLog) => {
  test(
    "topics are searched and sorted in the gateway, and known by what they are used for",
    async () => {
      const gateway = await start({
        env: {
          SLUICE_ADMIN_KEY: `slk_3kf82hs0_${"x".repeat(43)}`,
          SLUICE_ANONYMOUS_GRANTS: "",
          ...(await startLog()),
        },
      });
      const admin = { authorization: `Bearer slk_3kf82hs0_${"x".repeat(43)}` };
      const get = async (path: string, headers: Readonly<Record<string, string>> = admin) =>
        (await ask("GET", `${gateway.url}${path}`, { headers })).json;
      const append = async (topic: string, records: unknown) => {
        const answer = await post(`${gateway.url}/v1/topics/${topic}/records`, records, admin);
        expect(answer.status).toBe(200);
        return answer.json.position as string;
      };
      const inQuiet = await append("quiet", { n: 1 });
      await append(
        "busy",
        Array.from({ length: 400 }, (_, n) => ({ n })),
      );
      await append("wide", { text: "x".repeat(200_000) });
      const rule = { topics: ["quiet", "busy"], output: "acks" };
      await ask("PUT", `${gateway.url}/v1/ack-rules/both`, {
        headers: admin,
        body: JSON.stringify(rule),
      });
      const sorted = async (sort: string) =>
        namesOf(await get(`/v1/topics?internal=0&sort=${sort}`));

      expect(await sorted("name")).toEqual(["acks", "busy", "quiet", "wide"]);
      expect(namesOf(await get("/v1/topics?q=US"))).toEqual(["busy"]);
      expect(namesOf(await get("/v1/topics?q=emitters&internal=0"))).toEqual([]);
      expect(namesOf(await get("/v1/topics?q=emitters"))).toEqual(["emitters"]);
      expect((await sorted("size"))[0]).toBe("wide");
      // A position says which topic it is of.
      expect(namesOf(await get(`/v1/topics?holds=${inQuiet}`))).toEqual(["quiet"]);
      expect(namesOf(await get(`/v1/topics?holds=${inQuiet}&q=busy`))).toEqual([]);
      const notOne = await ask("GET", `${gateway.url}/v1/topics?holds=here`, { headers: admin });
      expect([notOne.status, notOne.json.code]).toEqual([400, "invalid_position"]);
      await until(
        "the busiest to be first",
        30_000,
        async () => (await sorted("rate"))[0] === "busy",
      );

      const seen: string[] = [];
      for (let after: string | null = ""; after !== null;) {
        const page: { topics: { name: string }[]; next: string | null } = await get(
          `/v1/topics?internal=0&sort=size&limit=1${after === "" ? "" : `&after=${after}`}`,
        );
        seen.push(...namesOf(page));
        after = page.next;
      }
      expect(seen).toEqual(await sorted("size"));
      const wrong = await ask("GET", `${gateway.url}/v1/topics?sort=size&after=busy`, {
        headers: admin,
      });
      expect(wrong.status).toBe(400);

      const { topics } = await get("/v1/activity?topics=busy,emitters,unknown");
      expect(topics.map(({ topic }: { topic: string }) => topic)).toEqual([
        "busy",
        "emitters",
        "unknown",
      ]);
      expect(topics[0].records_per_s).toBe(40);
      expect(Date.parse(topics[0].last_record)).toBeWithin(Date.now() - 60_000, Date.now() + 1000);
      expect(topics[1].lag).toMatchObject({ consumer: "emitter-pages", lag_entries: 0 });
      expect(topics[2]).toMatchObject({ records_per_s: 0, last_record: null, lag: null });

      const about = await get("/v1/topics/busy/about");
      expect(about.uses).toEqual([{ kind: "rule", name: "both", does: "reads" }]);
      expect((await get("/v1/topics/acks/about")).uses).toEqual([
        { kind: "rule", name: "both", does: "writes" },
      ]);

      // The rule is behind its topics by next to nothing, in its own figures and in those of the topic.
      const consumers = ({ lags }: { lags: { consumer: string; lag_s: number }[] }) =>
        lags.map(({ consumer }) => consumer);
      expect(consumers(about)).toEqual(["rule both"]);
      const { lag } = await get("/v1/ack-rules/both");
      expect(lag.lag_s).toBeLessThan(5);
      expect(["quiet", "busy"]).toContain(lag.topic);
      const [listed] = (await get("/v1/ack-rules")).ack_rules;
      expect(listed.lag.node).toBe(lag.node);

      // A reader of one topic finds no trace of the others.
      const created = await post(
        `${gateway.url}/v1/keys`,
        { name: "reader", grants: ["read topic:quiet"] },
        admin,
      );
      const reader = { authorization: `Bearer ${created.json.key}` };
      expect(namesOf(await get("/v1/topics?sort=rate", reader))).toEqual(["quiet"]);
      const seenByReader = await get("/v1/activity?topics=busy,quiet", reader);
      expect(seenByReader.topics.map(({ topic }: { topic: string }) => topic)).toEqual(["quiet"]);
      const aboutQuiet = await get("/v1/topics/quiet/about", reader);
      expect(aboutQuiet.uses).toEqual([]);
      expect(consumers(aboutQuiet)).toEqual([]);
    },
    timeoutMs,
  );
});
