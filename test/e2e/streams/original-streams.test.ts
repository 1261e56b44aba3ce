/** The original streaming demo: where a reader starts, what a stream guarantees, and topics. */

import { beforeAll, describe, expect, test } from "bun:test";
import { connect as connectHttp2 } from "node:http2";
import { ask, post } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { dataOf, seedRig } from "./original-rig.ts";

const rig = seedRig();

describe("where a reader starts", () => {
  let id = "";
  let positions: string[] = [];

  beforeAll(async () => {
    id = await rig.external();
    await post(`${rig.url}/log/${id}`, [1, 2, 3, 4, 5]);
    const page = (await ask("GET", `${rig.url}/log/${id}`)).json;
    positions = page.events.map(({ position }: { position: string }) => position);
  });

  const read = async (query: string, headers: Record<string, string>, count: number) => {
    const stream = await rig.follow(`${rig.url}/sse/log/${id}${query}`, { headers });
    const events = await stream.take(count);
    await expect(stream.next(150)).rejects.toThrow("in vain");
    stream.close();
    return dataOf(events);
  };

  test("Last-Event-ID, after, tail, earliest", async () => {
    expect(await read("", { "last-event-id": positions[2] ?? "" }, 2)).toEqual([4, 5]);
    expect(await read(`?after=${positions[0]}`, {}, 4)).toEqual([2, 3, 4, 5]);
    expect(await read("?after=earliest", {}, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await read("?tail=2", {}, 2)).toEqual([4, 5]);
    expect(await read("?tail=0", {}, 0)).toEqual([]);
    expect(await read("?tail=1000", {}, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await read("", {}, 0)).toEqual([]);
  });

  test("Last-Event-ID takes precedence over after, and after over tail", async () => {
    expect(
      await read(`?after=${positions[0]}&tail=5`, { "last-event-id": positions[3] ?? "" }, 1),
    ).toEqual([5]);
    expect(await read(`?after=${positions[2]}&tail=5`, {}, 2)).toEqual([4, 5]);
  });

  test("pages link to one another in both directions, and streams start from their positions", async () => {
    const newest = (await ask("GET", `${rig.url}/log/${id}?limit=2`)).json;
    const values = (page: { events: { data: unknown }[] }) => page.events.map(({ data }) => data);
    expect([values(newest), newest.next]).toEqual([[4, 5], null]);
    const earlier = (await ask("GET", `${rig.url}/log/${id}?limit=2&before=${newest.prev}`)).json;
    expect(values(earlier)).toEqual([2, 3]);
    const first = (await ask("GET", `${rig.url}/log/${id}?limit=2&before=${earlier.prev}`)).json;
    expect([values(first), first.prev]).toEqual([[1], null]);
    const forward = (await ask("GET", `${rig.url}/log/${id}?limit=2&after=${first.next}`)).json;
    expect(values(forward)).toEqual([2, 3]);
    expect(await read(`?after=${forward.next}`, {}, 2)).toEqual([4, 5]);
  });
});

describe("streams", () => {
  test("begin with retry, and their heartbeats are a comment and a bare id that resumes", async () => {
    const id = await rig.external();
    const stream = await rig.follow(`${rig.url}/sse/log/${id}`);
    await until("retry", 2000, () => stream.retryMs !== undefined);
    expect(stream.retryMs).toBe(1000);
    const begin = stream.comments;
    await until("two heartbeats", 12_000, () => stream.comments >= begin + 2);
    expect(stream.text).toMatch(/\n\n:\nid:[0-9a-z-]+\n\n$/);
    const beat = stream.lastId;
    await post(`${rig.url}/log/${id}`, { n: 1 });
    const resumed = await rig.follow(`${rig.url}/sse/log/${id}`, {
      headers: { "last-event-id": beat },
    });
    expect(await resumed.take(1)).toEqual(await stream.take(1));
  });

  test("have headers that forbid proxies to store, change or compress them", async () => {
    const stream = await rig.follow(`${rig.url}/sse/log/${await rig.external()}`, {
      headers: { "accept-encoding": "gzip, deflate" },
    });
    expect(stream.headers.get("cache-control")).toContain("no-transform");
    expect(stream.headers.get("x-accel-buffering")).toBe("no");
    expect(stream.headers.has("content-encoding")).toBe(false);
    stream.close();
  });

  test("a client that disconnects is released within a second", async () => {
    const id = await rig.external();
    await until("the others to be gone", 3000, async () => (await rig.subscriptions()) === 0);
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => rig.follow(`${rig.url}/sse/log/${id}`)),
    );
    const sockets = await Promise.all(Array.from({ length: 10 }, () => rig.talk()));
    for (const ws of sockets) {
      ws.say({ op: "subscribe", emitter: id });
      await ws.nextText();
    }
    await until("all to be there", 5000, async () => (await rig.subscriptions()) === 30);
    const started = performance.now();
    for (const stream of streams) stream.close();
    for (const ws of sockets) ws.cut();
    await until("all to be freed", 5000, async () => (await rig.subscriptions()) === 0);
    // A second, and a margin for a busy machine.
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test("over h2c, several on one connection", async () => {
    const id = await rig.external();
    const session = connectHttp2(rig.url);
    const texts = ["", ""];
    const requests = texts.map((_, i) => {
      const request = session.request({
        ":path": `/sse/log/${id}?after=earliest`,
        accept: "text/event-stream",
      });
      request.setEncoding("utf8");
      request.on("data", (text: string) => (texts[i] += text));
      return request;
    });
    const statuses = await Promise.all(
      requests.map(
        (request) =>
          new Promise((resolve) => request.on("response", (head) => resolve(head[":status"]))),
      ),
    );
    expect(statuses).toEqual([200, 200]);
    for (let n = 1; n <= 3; n++) await post(`${rig.url}/log/${id}`, { n });
    await until("three events on each", 3000, () =>
      texts.every((text) => text.includes(`data:{"n":3}`)),
    );
    for (const text of texts) {
      expect([...text.matchAll(/data:\{"n":(\d)\}/g)].map((match) => match[1])).toEqual([
        "1",
        "2",
        "3",
      ]);
    }
    requests[0]?.close();
    await post(`${rig.url}/log/${id}`, { n: 4 });
    await until("the other one to go on", 3000, () => texts[1]?.includes(`data:{"n":4}`));
    session.destroy();
    await until("both to be freed", 2000, async () => (await rig.subscriptions()) === 0);
  });
});

describe("documentation", () => {
  test("/ redirects to /livedoc", async () => {
    const root = await ask("GET", `${rig.url}/`);
    expect([301, 302, 303, 307, 308]).toContain(root.status);
    expect(new URL(root.headers.get("location") ?? "", `${rig.url}/`).pathname).toBe("/livedoc");
    const page = await ask("GET", `${rig.url}/livedoc`);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("text/html"),
    ]);
    const openapi = await ask("GET", `${rig.url}/openapi.json`);
    expect(openapi.status).toBe(200);
    expect(openapi.json.openapi).toStartWith("3.");
    expect(Object.keys(openapi.json.paths)).toEqual(
      expect.arrayContaining(["/log", "/log/{id}", "/sse/log/{id}", "/magic", "/time"]),
    );
  });
});

describe("topics", () => {
  test("are created by their first append, or by PUT with settings", async () => {
    const name = `t.${Date.now()}`;
    expect((await ask("GET", `${rig.url}/v1/topics/${name}`)).status).toBe(404);
    expect((await post(`${rig.url}/v1/topics/${name}/records`, { a: 1 })).status).toBe(200);
    const described = (await ask("GET", `${rig.url}/v1/topics/${name}`)).json;
    expect(described).toMatchObject({ name, layout: "records" });
    const settings = { layout: "frames", retention_ms: 3_600_000, retention_bytes: 1_000_000 };
    const made = await ask("PUT", `${rig.url}/v1/topics/${name}-2`, {
      body: JSON.stringify(settings),
    });
    expect([made.status, made.json]).toEqual([201, expect.objectContaining(settings)]);
    expect(
      (await ask("PUT", `${rig.url}/v1/topics/${name}-2`, { body: JSON.stringify(settings) }))
        .status,
    ).toBe(200);
    const names = (await ask("GET", `${rig.url}/v1/topics`)).json.topics.map(
      (topic: { name: string }) => topic.name,
    );
    expect(names).toEqual(expect.arrayContaining([name, `${name}-2`]));
    expect((await ask("DELETE", `${rig.url}/v1/topics/${name}`)).status).toBe(204);
    expect((await ask("GET", `${rig.url}/v1/topics/${name}`)).status).toBe(404);
  });

  for (const layout of ["records", "frames"]) {
    test(`of ${layout}: JSON, NDJSON and bytes, by key, as page and stream`, async () => {
      const topic = `${layout}-${Date.now()}`;
      const at = `${rig.url}/v1/topics/${topic}`;
      await ask("PUT", at, { body: JSON.stringify({ layout }) });
      await post(`${at}/records?key=k1`, [{ n: 1 }, { n: 2 }]);
      await ask("POST", `${at}/records?key=k2`, {
        body: "1\n2\n",
        headers: { "content-type": "application/x-ndjson" },
      });
      const bytes = Uint8Array.of(0, 1, 255, 13, 10);
      await ask("POST", `${at}/records?key=k1`, {
        body: bytes,
        headers: { "content-type": "image/png" },
      });
      const whole = [{ n: 1 }, { n: 2 }, 1, 2, { base64: Buffer.from(bytes).toString("base64") }];
      const ofKey = [{ n: 1 }, { n: 2 }, { base64: Buffer.from(bytes).toString("base64") }];

      const page = (await ask("GET", `${at}/records`)).json;
      expect(page.events.map(({ data }: { data: unknown }) => data)).toEqual(whole);
      const keyed = (await ask("GET", `${at}/records?key=k1`)).json;
      expect(keyed.events.map(({ data }: { data: unknown }) => data)).toEqual(ofKey);
      for (const [query, expected] of [
        ["?after=earliest", whole],
        ["?after=earliest&key=k1", ofKey],
      ] as const) {
        const stream = await rig.follow(`${at}/sse${query}`);
        expect(dataOf(await stream.take(expected.length))).toEqual([...expected]);
        stream.close();
      }
      const middle = await rig.follow(`${at}/sse?after=${page.events[0].position}`);
      expect(dataOf(await middle.take(4))).toEqual(whole.slice(1));
      middle.close();
    });
  }

  test("the topic of emitters can be read here but not written", async () => {
    const refused = await post(`${rig.url}/v1/topics/emitters/records`, { a: 1 });
    expect([refused.status, refused.json.code]).toEqual([403, "forbidden"]);
    expect((await ask("GET", `${rig.url}/v1/topics/emitters/records?limit=1`)).status).toBe(200);
  });
});
