// A gateway is open until its first key is created. Then it is closed to everybody, also to those who
// opened their streams before.

import { afterAll, describe, expect, test } from "bun:test";
import { startGateway } from "../../support/gateway.ts";
import { bearer } from "../../support/keys.ts";
import { readSse } from "../../support/sse.ts";
import { openWs } from "../../support/ws.ts";

const endMsMax = 1000;

describe.each([
  ["callers that are not limited", {}],
  ["callers that are limited by their addresses", { SLUICE_CALLER_REQUESTS_PER_SECOND: "1000" }],
])("%s", (_, limits: Record<string, string>) => {
  let stop = async () => {};
  afterAll(() => stop(), 30_000);

  test("streams of the open gateway end when its first key is created", async () => {
    const gateway = await startGateway({ env: { SLUICE_GUESTS: "0", ...limits } });
    stop = async () => void (await gateway.stop());
    const { url, wsUrl } = gateway;
    const append = (n: number, headers = {}) =>
      fetch(`${url}/v1/topics/orders/records`, { method: "POST", headers, body: `{"n":${n}}` });
    expect((await append(0)).status).toBe(200);
    const reader = readSse(`${url}/v1/topics/orders/sse`);
    expect(await reader.status).toBe(200);
    const socket = await openWs(`${wsUrl}/v1/ws`);
    socket.say({ op: "subscribe", topic: "orders" });
    expect((await append(1)).status).toBe(200);
    expect((await reader.take(1))[0]?.data).toBe('{"n":1}');

    const body = JSON.stringify({ name: "first", grants: ["read *", "append *", "manage *"] });
    const made = await fetch(`${url}/v1/keys`, { method: "POST", body });
    expect(made.status).toBe(201);
    const since = performance.now();
    const { key } = (await made.json()) as { readonly key: string };
    const [events, closed] = await Promise.all([reader.rest(), socket.closed]);
    expect(performance.now() - since).toBeLessThan(endMsMax);
    const last = events.at(-1);
    expect(last?.event).toBe("error");
    expect(JSON.parse(last?.data ?? "{}")).toMatchObject({ code: "unauthenticated" });
    expect(closed.code).toBe(4001);

    // The key continues where the stream ended.
    expect((await append(2)).status).toBe(401);
    expect((await append(2, bearer(key))).status).toBe(200);
    const start = { "last-event-id": last?.id ?? "" };
    const next = readSse(`${url}/v1/topics/orders/sse`, { ...bearer(key), ...start });
    expect((await next.take(1))[0]?.data).toBe('{"n":2}');
    await next.close();
  });
});
