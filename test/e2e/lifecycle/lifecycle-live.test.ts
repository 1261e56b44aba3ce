// Live lifecycle events of one message and of one app, and the simulation that sends many.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { sampleStages } from "../../../src/features/lifecycle/sample-events.ts";
import { MarsGrpc } from "../../../src/gen/marsweb/event_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { expectProblem } from "../../support/problems.ts";
import { startSluice } from "../../support/program.ts";
import { openSse } from "../../support/sse-socket.ts";
import { until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { ways } from "../rpc/rpc.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
}, 90_000);
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
}, 30_000);

const get = (path: string) => ask("GET", gateway.url + path);
const send = (path: string, body: unknown) => post(gateway.url + path, body);

const event = (messageId: string, name: string) => ({
  app_id: "shop",
  message_id: messageId,
  event: name,
});

test("sluice simulate lifecycles: all that it reports is stored, and some messages are overdue", async () => {
  const simulated = startSluice(
    ...["simulate", "lifecycles", "--url", gateway.url, "--app", "simulated"],
    ...["--rate", "3000", "--ids", "500", "--missing", "0.2", "--deadline", "0.1"],
  );
  expect(await simulated.exited).toBe(0);
  await until("the rows are there", 10_000, async () => {
    const { json } = await get("/v1/funnel?app_id=simulated");
    return json.lifecycles === 500 && json.stages[0].reached === 500;
  });
  await until("all of them", 10_000, async () => {
    return (await get("/api/q/stats")).json.event_store_queue === 0;
  });
  const { json } = await get("/v1/messages?app_id=simulated&state=overdue&limit=1000");
  expect(json.lifecycles.length).toBeWithin(50, 200);
  for (const { missing } of json.lifecycles) expect(missing).toContain(sampleStages.at(-1));
}, 30_000);

describe("live", () => {
  test("the events of one message, by SSE and WebSocket, from any producer", async () => {
    const sse = await openSse(`${gateway.url}/sse/messages/watched`);
    const ws = await openWs(`${gateway.wsUrl}/ws/messages/watched`);
    expect(await ws.next()).toEqual({ op: "subscribed", position: expect.any(String) });
    await send("/api/event", event("other", "E"));
    // Larger than a JavaScript number can represent.
    const exact = `{"app_id":"shop","message_id":"watched","event":"E","n":9007199254740993}`;
    await send("/api/event", exact);
    const mars = createClient(MarsGrpc, ways["gRPC on the RPC port"](gateway));
    await mars.collectEvent({ appId: "a", messageId: "watched", event: "F", createdAt: "Hello" });
    const expected = [
      JSON.parse(exact),
      { app_id: "a", message_id: "watched", event: "F", created_at: "Hello" },
    ];
    const shown = await sse.take(2);
    expect(shown.map(({ data }) => JSON.parse(data))).toEqual(expected);
    expect(shown[0]?.data).toBe(exact);
    const received: unknown[] = [];
    let position = "";
    while (received.length < 2) {
      const message = await ws.next();
      expect(message).toMatchObject({ op: "events", topic: "lifecycle", key: "watched" });
      received.push(...message.events.map((one: { data: unknown }) => one.data));
      position = message.position;
    }
    expect(received).toEqual(expected);
    ws.say({ op: "ping", ref: 1 });
    expect(await ws.next()).toEqual({ op: "pong", ref: 1 });
    ws.say({ op: "subscribe", topic: "x" });
    expect(await ws.next()).toMatchObject({ op: "error", problem: { code: "invalid" } });
    ws.cut();
    sse.close();
    // A reader that comes back misses nothing.
    await send("/api/event", event("watched", "G"));
    const again = await openWs(`${gateway.wsUrl}/ws/messages/watched?after=${position}`);
    const resumed = await again.nextThat(({ op }) => op === "events");
    expect(resumed.events.map((one: { data: { event: string } }) => one.data.event)).toEqual(["G"]);
    again.cut();
    const headers = { "last-event-id": shown[0]?.id ?? "" };
    const back = await openSse(`${gateway.url}/sse/messages/watched`, { headers });
    const missed = await back.take(2);
    expect(missed.map(({ data }) => JSON.parse(data).event)).toEqual(["F", "G"]);
    back.close();
  });

  test("events of one app, and no others", async () => {
    const sse = await Promise.all(
      [1, 2].map(() => openSse(`${gateway.url}/sse/apps/mine/messages`)),
    );
    const ws = await openWs(`${gateway.wsUrl}/ws/apps/mine/messages`);
    const events = Array.from({ length: 3000 }, (_, i) => ({
      app_id: i % 10 === 0 ? "mine" : "others",
      message_id: `w-${i}`,
      event: "E",
    }));
    await send("/api/event/bulk", { events });
    const expected = events.filter(({ app_id }) => app_id === "mine");
    for (const one of sse) {
      expect((await one.take(300)).map(({ data }) => JSON.parse(data))).toEqual(expected);
      one.close();
    }
    const received: unknown[] = [];
    while (received.length < 300) {
      const { events: some } = await ws.nextThat(({ op }) => op === "events");
      received.push(...some.map((one: { data: unknown }) => one.data));
    }
    expect(received).toEqual(expected);
    ws.cut();
  });

  test("an invalid start is refused before the handshake", async () => {
    const answer = await get("/ws/messages/m?after=x");
    expectProblem(answer, "400 invalid_position");
    expectProblem(await get("/ws/messages/m"), "400 invalid");
  });
});
