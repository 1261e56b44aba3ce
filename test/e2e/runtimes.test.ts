/** The same gateway on Bun and on Deno: one smoke suite, run against both. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { denoBinary } from "../support/deno.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { readSse } from "../support/sse.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const runtimes: readonly (readonly [name: string, command: readonly string[]])[] = [
  ["bun", [process.execPath, `${root}src/main.ts`, "serve"]],
  ["deno", [denoBinary(), "run", "--allow-all", "--quiet", `${root}src/deno.ts`, "serve"]],
];

describe.each(runtimes)("%s", (name, command) => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway({ command });
  }, 60_000);
  afterAll(async () => {
    expect(await gateway.stop()).toBe(0);
  });

  test("serves, and says what runs it", async () => {
    const status = (await (await fetch(`${gateway.url}/status`)).json()) as Record<string, unknown>;
    expect(status["status"]).toBe("up");
    expect(status["runtime"]).toStartWith(name);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  });

  test("appends, pages, and streams by SSE what it pages", async () => {
    const id = await makeEmitter(gateway);
    const stream = readSse(`${gateway.url}/sse/log/${id}?after=earliest`);
    const events = [1, 2, 3].map((n) => JSON.stringify({ n, big: "x".repeat(n * 1000) }));
    const appended = await fetch(`${gateway.url}/log/${id}`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: events.join("\n"),
    });
    expect(await appended.json()).toMatchObject({ accepted: 3, refused: [] });
    const seen = await stream.take(3);
    expect(seen.map((event) => event.data)).toEqual(events);
    const page = (await (await fetch(`${gateway.url}/log/${id}`)).json()) as {
      events: { position: string; data: unknown }[];
    };
    expect(page.events.map((event) => event.position)).toEqual(seen.map((event) => event.id));
    await stream.close();
    await eventually(async () => {
      const { hub } = (await (await fetch(`${gateway.url}/status`)).json()) as {
        hub: { subscriptions: number };
      };
      expect(hub.subscriptions).toBe(0);
    });
  });

  test("samples and exports measurements", async () => {
    const now = `${Date.now()}000001`;
    const start = `${Date.now() - 3_600_000}000000`;
    const saved = { time: now, tag: "a/b", values: [1.5, -2] };
    const { status } = await fetch(`${gateway.url}/save`, {
      method: "POST",
      body: JSON.stringify(saved),
    });
    expect(status).toBe(204);
    const samples = await fetch(`${gateway.url}/api?tag=a%2Fb&start=${start}&end=${now}`);
    expect(await samples.text()).toEndWith(`{"time":${now},"values":[1.5,-2]}]}\n`);
    const line = `{"time":${now},"tag":"a/b","values":[1.5,-2]}\n`;
    const file = await fetch(`${gateway.url}/v1/series/a%2Fb/export`);
    expect(await file.text()).toBe(line);
    const parquet = await fetch(`${gateway.url}/v1/series/a%2Fb/export?format=parquet`);
    expect((await parquet.bytes()).subarray(-4)).toEqual(new TextEncoder().encode("PAR1"));
  });

  test("streams to a slow reader all there is", async () => {
    const id = await makeEmitter(gateway);
    const lines = Array.from({ length: 2000 }, (_, n) =>
      JSON.stringify({ n, pad: "y".repeat(1000) }),
    );
    for (let from = 0; from < lines.length; from += 500) {
      const body = lines.slice(from, from + 500).join("\n");
      expect((await fetch(`${gateway.url}/log/${id}`, { method: "POST", body })).status).toBe(200);
    }
    const stream = readSse(`${gateway.url}/sse/log/${id}?after=earliest`);
    const seen: string[] = [];
    while (seen.length < lines.length) {
      seen.push(
        ...(await stream.take(Math.min(100, lines.length - seen.length))).map((e) => e.data),
      );
      await Bun.sleep(5);
    }
    expect(seen).toEqual(lines);
    await stream.close();
  });

  test("publishes and subscribes by WebSocket, and echoes", async () => {
    const id = await makeEmitter(gateway);
    const socket = new WebSocket(`${gateway.wsUrl}/v1/ws`);
    const messages: Record<string, unknown>[] = [];
    socket.onmessage = ({ data }) =>
      messages.push(JSON.parse(String(data)) as Record<string, unknown>);
    await opened(socket);
    socket.send(JSON.stringify({ op: "subscribe", emitter: id, ref: "s" }));
    await eventually(() => expect(messages).toHaveLength(1));
    expect(messages[0]).toMatchObject({ op: "subscribed", emitter: id, ref: "s" });
    socket.send(
      JSON.stringify({ op: "publish", emitter: id, events: [{ n: 1 }, { n: 2 }], ref: 7 }),
    );
    await eventually(() => {
      expect(messages.find(({ op }) => op === "accepted")).toMatchObject({ accepted: 2, ref: 7 });
      const events = messages
        .filter(({ op }) => op === "events")
        .flatMap((m) => m["events"] as { data: unknown }[]);
      expect(events.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }]);
    });
    socket.close();

    const echo = new WebSocket(`${gateway.wsUrl}/echo`);
    const back = new Promise((resolve) => {
      echo.onmessage = ({ data }) => resolve(data);
    });
    await opened(echo);
    echo.send("grüezi");
    expect(await back).toBe("grüezi");
    echo.close();
  });

  test("simulates a guest, and ends it", async () => {
    const made = await fetch(`${gateway.url}/log`, {
      method: "PUT",
      body: JSON.stringify({ rate: 50 }),
    });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { id: string };
    const stream = readSse(`${gateway.url}/log/sse/${id}`);
    const events = (await stream.take(5)).map(({ data }) => JSON.parse(data) as { n: number });
    expect(events.map(({ n }) => n - (events[0]?.n ?? 0))).toEqual([0, 1, 2, 3, 4]);
    expect((await fetch(`${gateway.url}/log/${id}`, { method: "DELETE" })).status).toBe(200);
    const rest = await stream.rest();
    expect(rest.at(-1)?.event).toBe("end");
  });

  test("says what is wrong as a problem", async () => {
    const answer = await fetch(`${gateway.url}/log/nobody`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ code: "not_found", status: 404 });
  });
});

async function makeEmitter(gateway: GatewayProcess): Promise<string> {
  const made = await fetch(`${gateway.url}/log`, {
    method: "PUT",
    body: JSON.stringify({ source: "external" }),
  });
  return ((await made.json()) as { id: string }).id;
}

function opened(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
}
