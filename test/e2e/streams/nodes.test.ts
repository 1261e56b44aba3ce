/** Two nodes on one PostgreSQL, and two on JetStream: either one answers for the whole gateway. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { openSse, type SseStream } from "../../support/sse-socket.ts";
import { pause, until } from "../../support/until.ts";
import { openWs, type WsClient } from "../../support/ws.ts";

const skipReason = natsSkipReason();

suite("PostgreSQL", async (databaseUrl) => ({
  env: { DATABASE_URL: databaseUrl },
  stop: async () => {},
}));
if (skipReason === undefined) {
  suite("JetStream", async (databaseUrl) => {
    const nats: NatsServer = await startNats();
    return { env: { DATABASE_URL: databaseUrl, NATS_URL: nats.url }, stop: () => nats.stop() };
  });
} else {
  describe("two nodes on JetStream", () => test.skip(skipReason, () => {}));
}

interface Services {
  readonly env: Record<string, string>;
  stop(): Promise<void>;
}

function suite(name: string, start: (databaseUrl: string) => Promise<Services>): void {
  describe(`two nodes on ${name}`, () => {
    let database: TestDatabase;
    let services: Services;
    let nodes: GatewayProcess[] = [];
    const open: (() => void)[] = [];

    const startNode = () => startGateway({ env: services.env });
    const url = (node: 0 | 1, path = ""): string => `${nodes[node]?.url}${path}`;

    beforeAll(async () => {
      database = await (await testPostgres()).createDatabase();
      services = await start(database.url);
      nodes = await Promise.all([startNode(), startNode()]);
    }, 60_000);

    afterEach(() => {
      for (const close of open.splice(0)) close();
    });

    afterAll(async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await services.stop();
      await database.drop();
      expect(nodes.flatMap((node) => node.errors())).toEqual([]);
    }, 30_000);

    async function follow(at: string): Promise<SseStream> {
      const stream = await openSse(at);
      open.push(() => stream.close());
      return stream;
    }

    async function talk(node: 0 | 1): Promise<WsClient> {
      const ws = await openWs(`${nodes[node]?.wsUrl}/v1/ws`);
      open.push(() => ws.cut());
      return ws;
    }

    async function make(node: 0 | 1, body: unknown): Promise<string> {
      const { status, json } = await ask("PUT", url(node, "/log"), { body: JSON.stringify(body) });
      expect(status).toBe(201);
      return String(json.id);
    }

    const both: readonly (readonly [made: 0 | 1, read: 0 | 1])[] = [
      [0, 1],
      [1, 0],
    ];
    for (const [made, read] of both) {
      test(`a guest created on node ${made} is read from node ${read}: SSE, WebSocket, page`, async () => {
        const id = await make(made, { rate: 10 });
        const sse = await follow(url(read, `/sse/log/${id}?after=earliest`));
        const ws = await talk(read);
        ws.say({ op: "subscribe", emitter: id, after: "earliest" });
        const fromWs: unknown[] = [];
        while (fromWs.length < 6) {
          const { op, events } = await ws.next();
          if (op === "events") {
            fromWs.push(...events.map((event: { data: { n: number } }) => event.data.n));
          }
        }
        const events = await sse.take(6);
        expect(events.map(({ data }) => JSON.parse(data).n)).toEqual([1, 2, 3, 4, 5, 6]);
        expect(fromWs.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
        const pages = await Promise.all(
          [made, read].map((node) => ask("GET", url(node, `/log/${id}?after=earliest&limit=5`))),
        );
        expect(pages[0]?.json.events).toEqual(pages[1]?.json.events);
        expect(pages[0]?.json.events.map(({ position }: { position: string }) => position)).toEqual(
          events.slice(0, 5).map((event) => event.id),
        );
        await ask("DELETE", url(read, `/log/${id}`));
      });
    }

    test("what one node has acknowledged is in the next page of the other", async () => {
      const id = await make(0, { source: "external" });
      for (let n = 1; n <= 30; n++) {
        const node = n % 2 === 0 ? 0 : 1;
        await post(url(node, `/log/${id}`), { n });
        const page = await ask("GET", url(node === 0 ? 1 : 0, `/log/${id}?limit=1`));
        expect(page.json.events[0]?.data).toEqual({ n });
      }
    });

    test("a position of one node works on the other", async () => {
      const id = await make(0, { source: "external" });
      const positions: string[] = [];
      for (let n = 1; n <= 10; n++) {
        positions.push((await post(url(0, `/log/${id}`), { n })).json.position);
      }
      for (const from of [0, 4, 9]) {
        const rest = Array.from({ length: 9 - from }, (_, i) => from + i + 2);
        const after = positions[from];
        const sse = await follow(url(1, `/sse/log/${id}?after=${after}`));
        expect((await sse.take(rest.length)).map(({ data }) => JSON.parse(data).n)).toEqual(rest);
        const page = await ask("GET", url(1, `/log/${id}?after=${after}`));
        expect(page.json.events.map(({ data }: { data: { n: number } }) => data.n)).toEqual(rest);
      }
    });

    test("a position ahead of the other node works as well", async () => {
      const id = await make(0, { source: "external" });
      await post(url(0, `/log/${id}`), { n: 0 });
      // A live reader, so that the node has its own position in the log.
      const witness = await follow(url(1, `/sse/log/${id}?after=earliest`));
      await witness.take(1);
      const lagging = nodes[1]?.pid ?? 0;
      process.kill(lagging, "SIGSTOP");
      let asked: Promise<SseStream>;
      let position = "";
      try {
        for (let n = 1; n <= 200; n++) {
          position = (await post(url(0, `/log/${id}`), { n })).json.position;
        }
        asked = follow(url(1, `/sse/log/${id}?after=${position}`));
        await pause(50);
      } finally {
        process.kill(lagging, "SIGCONT");
      }
      const stream = await asked;
      await post(url(0, `/log/${id}`), { n: 201 });
      expect((await stream.take(1)).map(({ event, data }) => [event, data])).toEqual([
        ["message", `{"n":201}`],
      ]);
      expect((await witness.take(201)).map(({ data }) => JSON.parse(data).n)).toEqual(
        Array.from({ length: 201 }, (_, i) => i + 1),
      );
    });

    test("an idempotent retry on the other node stores nothing", async () => {
      const id = await make(0, { source: "external" });
      const headers = { "idempotency-key": `key-${id}` };
      const first = await post(url(0, `/log/${id}`), [1, 2], headers);
      const second = await post(url(1, `/log/${id}`), [1, 2], headers);
      expect(second.json).toEqual(first.json);
      const page = await ask("GET", url(1, `/log/${id}`));
      expect(page.json.events).toHaveLength(2);
    });

    test("DELETE on one ends the streams on the other", async () => {
      const id = await make(0, { rate: 50 });
      const sse = await follow(url(0, `/sse/log/${id}`));
      const ws = await talk(0);
      ws.say({ op: "subscribe", emitter: id });
      await sse.take(5);
      expect((await ask("DELETE", url(1, `/log/${id}`))).status).toBe(200);
      const seen = [];
      for (let event = await sse.next(); event !== undefined; event = await sse.next()) {
        seen.push(event);
      }
      expect(seen.at(-1)).toMatchObject({ event: "end" });
      expect(await ws.nextThat(({ op }) => op === "end")).toMatchObject({
        emitter: id,
        position: seen.at(-1)?.id,
      });
      await until(
        "node 0 to refuse",
        2000,
        async () => (await post(url(0, `/log/${id}`), { n: 1 })).status === 410,
      );
      // The end is the last event of the stream, whichever node serves it.
      const whole = await follow(url(1, `/sse/log/${id}?after=earliest`));
      const all = [];
      for (let event = await whole.next(); event !== undefined; event = await whole.next()) {
        all.push(event);
      }
      expect(all.map(({ event }) => event).indexOf("end")).toBe(all.length - 1);
      expect(all.slice(0, -1).map(({ data }) => JSON.parse(data).n)).toEqual(
        all.slice(0, -1).map((_, i) => i + 1),
      );
    });

    test("a guest continues when its node is killed, and no number is missing or repeated", async () => {
      const ids = await Promise.all([
        make(0, { rate: 20 }),
        make(0, { rate: 2 }),
        make(0, { rate: 200 }),
      ]);
      const streams = await Promise.all(
        ids.map((id) => follow(url(1, `/sse/log/${id}?after=earliest`))),
      );
      const owners = await Promise.all(ids.map((id) => ask("GET", url(1, `/v1/emitters/${id}`))));
      const dying = await ask("GET", url(0, "/status"));
      for (const owner of owners) expect(owner.json.node).toStartWith(dying.json.node);
      await pause(1000);
      await nodes[0]?.kill9();
      const killed = performance.now();

      const numbers: number[][] = ids.map(() => []);
      let arrivedMs = 0;
      await Promise.all(
        streams.map(async (stream, i) => {
          let previous = performance.now();
          // The pause between its events shows when the other node took it over.
          for (;;) {
            const event = await stream.next(10_000);
            const now = performance.now();
            numbers[i]?.push(JSON.parse(event?.data ?? "null").n);
            const resumed = now - previous > 1500 && now > killed + 1500;
            previous = now;
            if (!resumed) continue;
            arrivedMs = Math.max(arrivedMs, now - killed);
            break;
          }
          for (const event of await stream.take(5, 10_000)) {
            numbers[i]?.push(JSON.parse(event.data).n);
          }
        }),
      );
      expect(arrivedMs).toBeLessThan(6000);
      for (const one of numbers) expect(one).toEqual(one.map((_, i) => i + 1));
      for (const id of ids) {
        const kept: number[] = [];
        for (let after: string | null = "earliest"; after !== null;) {
          const { json } = await ask("GET", url(1, `/log/${id}?limit=1000&after=${after}`));
          kept.push(...json.events.map(({ data }: { data: { n: number } }) => data.n));
          after = json.next;
        }
        expect(kept).toEqual(kept.map((_, i) => i + 1));
      }

      nodes[0] = await startNode();
      const back = await follow(url(0, `/sse/log/${ids[0]}`));
      await back.take(3);
      for (const id of ids) await ask("DELETE", url(0, `/log/${id}`));
    }, 60_000);
  });
}
