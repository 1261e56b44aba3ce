/** How a gateway drains, and what remains after it is killed. */

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health } from "../../../src/gen/grpc/health/v1/health_pb.ts";
import { ask, post } from "../../support/http.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause, until, within } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { startingGateways, timeoutMs } from "./gateways.ts";

const start = startingGateways();

const drainMsMax = 10_000;

describe("SIGTERM", () => {
  test(
    "answers what is in flight, sends every stream its last position, and exits 0",
    async () => {
      const gateway = await start();
      const { id } = (await ask("PUT", `${gateway.url}/log`, { body: `{"source":"external"}` }))
        .json;
      const last = (await post(`${gateway.url}/log/${id}`, [1, 2, 3])).json.position;
      const sse = await openSse(`${gateway.url}/sse/log/${id}?after=earliest`);
      await sse.take(3);
      const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
      ws.say({ op: "subscribe", emitter: id, tail: 1 });
      await ws.nextThat(({ op }) => op === "events");
      const ticking = await openSse(`${gateway.url}/time`);
      const answer = halfPosted(gateway.url, `/log/${id}`, `{"n":4}`);
      await pause(1000);

      const asked = performance.now();
      const exited = gateway.stop();
      const error = await sse.next();
      expect(error).toMatchObject({ event: "error" });
      expect(JSON.parse(error?.data ?? "")).toMatchObject({ code: "shutting_down", status: 503 });
      expect((error?.id ?? "") >= last).toBe(true);
      expect(await sse.next()).toBeUndefined();
      const closed = await ws.nextThat(({ op }) => op === "closed");
      expect(closed).toMatchObject({
        emitter: id,
        position: error?.id,
        problem: { code: "shutting_down" },
      });
      expect(await ws.closed).toMatchObject({ code: 1001 });
      await within("the ticker to end", 5000, ticking.ended);

      answer.finish();
      expect(await answer.status).toBe(200);
      expect(await exited).toBe(0);
      expect(performance.now() - asked).toBeLessThan(drainMsMax);

      const next = await start({ dataDir: gateway.dataDir });
      const resumed = await openSse(`${next.url}/sse/log/${id}`, {
        headers: { "last-event-id": error?.id ?? "" },
      });
      expect((await resumed.take(1)).map(({ event, data }) => [event, data])).toEqual([
        ["message", `{"n":4}`],
      ]);
      resumed.close();
    },
    timeoutMs,
  );

  test(
    "does not wait forever for clients that never finish or never read",
    async () => {
      const gateway = await start();
      const { id } = (await ask("PUT", `${gateway.url}/log`, { body: `{"rate":100}` })).json;
      halfPosted(gateway.url, `/log/${id}`, `{"n":4}`).status.catch(() => {});
      const streams = await Promise.all(
        Array.from({ length: 200 }, () => openSse(`${gateway.url}/sse/log/${id}`)),
      );
      const idle = connect(Number(new URL(gateway.url).port), "127.0.0.1");
      const watch = createClient(Health, createGrpcTransport({ baseUrl: gateway.grpcUrl })).watch(
        {},
      );
      await watch[Symbol.asyncIterator]().next();
      await pause(500);
      const asked = performance.now();
      expect(await gateway.stop()).toBe(0);
      expect(performance.now() - asked).toBeLessThan(drainMsMax);
      await Promise.all(streams.map((stream) => stream.ended));
      idle.destroy();
      expect(existsSync(join(gateway.dataDir, "postgres", "postmaster.pid"))).toBe(false);
    },
    timeoutMs,
  );

  test(
    "a balancer that queries readiness learns of the drain while the node still serves",
    async () => {
      const gateway = await start({ env: { SLUICE_DRAIN_GRACE_MS: "3000" } });
      expect((await ask("GET", `${gateway.url}/readyz`)).status).toBe(200);
      const exited = gateway.stop();
      await until("the node to be not ready", 3000, async () => {
        const { status, json } = await ask("GET", `${gateway.url}/readyz`);
        return status === 503 && json.detail === "This node shuts down";
      });
      expect((await post(`${gateway.url}/v1/topics/late/records`, { n: 1 })).status).toBe(200);
      expect(await exited).toBe(0);
      expect(gateway.log()).toContain(`"message":"draining","grace_ms":3000`);
      await expect(fetch(`${gateway.url}/readyz`)).rejects.toThrow();
    },
    timeoutMs,
  );

  test(
    "a node whose readiness is not queried drains at once",
    async () => {
      const gateway = await start();
      expect(await gateway.stop()).toBe(0);
      expect(gateway.log()).toContain(`"message":"draining","grace_ms":0`);
    },
    timeoutMs,
  );

  test(
    "twice, and SIGINT as well, is the same as once",
    async () => {
      const gateway = await start();
      const exited = gateway.stop();
      process.kill(gateway.pid, "SIGTERM");
      process.kill(gateway.pid, "SIGINT");
      expect(await exited).toBe(0);
    },
    timeoutMs,
  );
});

/** A request that has sent half of its body until `finish` is called. */
function halfPosted(
  url: string,
  path: string,
  body: string,
): { finish(): void; readonly status: Promise<number> } {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(head + body.slice(0, 3));
  const status = new Promise<number>((resolve, reject) => {
    let text = "";
    socket.on("data", (data: Buffer) => {
      text += data.toString();
      resolve(Number(text.split(" ")[1]));
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`Closed without an answer: ${text}`)));
  });
  return { finish: () => void socket.write(body.slice(3)), status };
}

describe("kill -9", () => {
  test(
    "the next start finds everything unchanged",
    async () => {
      const first = await start();
      const { id } = (await ask("PUT", `${first.url}/log`, { body: `{"source":"external"}` })).json;
      const guest = (await ask("PUT", `${first.url}/log`, { body: `{"rate":20}` })).json.id;
      const settings = JSON.stringify({ layout: "frames", retention_ms: 3_600_000 });
      await ask("PUT", `${first.url}/v1/topics/kept`, { body: settings });
      const positions: string[] = [];
      for (let n = 0; n < 20; n++) {
        positions.push(
          (await post(`${first.url}/log/${id}`, { n }, { "idempotency-key": `k${n}` })).json
            .position,
        );
        await post(`${first.url}/v1/topics/kept/records`, { n });
      }
      await until(
        "the guest",
        5000,
        async () => (await ask("GET", `${first.url}/log/${guest}`)).json.events.length > 5,
      );
      await first.kill9();

      const second = await start({ dataDir: first.dataDir });
      const page = (await ask("GET", `${second.url}/log/${id}`)).json;
      expect(page.events.map(({ position }: { position: string }) => position)).toEqual(positions);
      const kept = (await ask("GET", `${second.url}/v1/topics/kept/records`)).json;
      expect(kept.events.map(({ data }: { data: { n: number } }) => data.n)).toEqual(
        Array.from({ length: 20 }, (_, n) => n),
      );
      expect((await ask("PUT", `${second.url}/v1/topics/kept`, { body: settings })).status).toBe(
        200,
      );
      const again = await post(`${second.url}/log/${id}`, { n: 19 }, { "idempotency-key": "k19" });
      expect(again.json.position).toBe(positions.at(-1));
      const stream = await openSse(`${second.url}/sse/log/${id}?after=${positions[17]}`);
      expect((await stream.take(2)).map(({ data }) => data)).toEqual([`{"n":18}`, `{"n":19}`]);
      stream.close();

      const before = (await ask("GET", `${second.url}/log/${guest}?limit=1`)).json.events[0].data.n;
      const all = await until("the guest to go on", 8000, async () => {
        const { json } = await ask("GET", `${second.url}/log/${guest}?after=earliest&limit=1000`);
        return json.events.length > before + 5 ? json.events : undefined;
      });
      expect(all.map(({ data }: { data: { n: number } }) => data.n)).toEqual(
        all.map((_: unknown, i: number) => i + 1),
      );
    },
    timeoutMs,
  );
});
