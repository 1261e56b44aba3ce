/** What the dashboard's pages show in tests: a gateway with something of everything, and an address of each page. */

import type { GatewayProcess } from "./gateway.ts";

/** An address for each route of the dashboard, by the route's path. */
export const addresses: Readonly<Record<string, string>> = {
  "/": "",
  "/overdue": "/overdue",
  "/topics": "/topics",
  "/topics/:topic": "/topics/orders",
  "/topics/:topic/about": "/topics/orders/about",
  "/topics/:topic/send": "/topics/orders/send",
  "/messages": "/messages?app=shop",
  "/messages/one": "/messages/one?app=shop&id=order-2",
  "/apps": "/apps",
  "/apps/one": "/apps/one?app=shop",
  "/rules": "/rules",
  "/rules/:rule": "/rules/orders",
  "/series": "/series",
  "/plot": "/plot?s=boiler-7~0~mean&last=15m",
  "/schemas": "/schemas",
  "/schemas/subject": "/schemas/subject?s=pulse-value",
  "/schemas/id/:id": "/schemas/id/1",
  "/emitters": "/emitters",
  "/emitters/:emitter": "/emitters/web-1",
  "/streams": "/streams?s=topic:orders&s=emitter:web-1",
  "/nodes/:node": "/nodes/this",
  "/access": "/access",
  "/api": "/api",
  "/find": "/find?q=orders",
};

/** Fills the gateway. Everything is durable when it resolves; projections follow within a second. */
export async function fillGateway({ url }: Pick<GatewayProcess, "url">): Promise<void> {
  const send = async (method: string, path: string, body: unknown) => {
    const response = await fetch(url + path, {
      method,
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    await response.body?.cancel();
  };
  const protoText =
    'syntax = "proto3"; package shop.v1; message Pulse { string id = 1; int64 beats = 2; }';
  await send("POST", "/sluice.v1.RegistryService/Register", {
    subject: "pulse-value",
    protoText: { text: protoText },
  });
  await send("PUT", "/v1/topics/orders", {});
  await send(
    "POST",
    "/v1/topics/orders/records?key=customer-1",
    Array.from({ length: 50 }, (_, n) => ({ order: n, note: "<b>bold</b>\u202Etxt" })),
  );
  await send("PUT", "/log/web-1", { source: "external" });
  await send("POST", "/log/web-1", [{ level: "INFO", message: "hello" }]);
  await send("PUT", "/v1/apps/shop", { expected: ["CREATED", "SENT"], deadline_ms: 1000 });
  const createdAt = new Date().toISOString();
  const event = (message_id: string, event: string) => ({
    app_id: "shop",
    message_id,
    event,
    created_at: createdAt,
  });
  await send("POST", "/api/event/bulk", {
    events: [event("order-1", "CREATED"), event("order-1", "SENT"), event("order-2", "CREATED")],
  });
  await send("PUT", "/v1/ack-rules/orders", {
    topics: ["topic1", "topic2"],
    output: "ack",
    deadline_ms: 1000,
  });
  await send("POST", "/v1/topics/topic1/records", [{ message_id: "m-1" }, { message_id: "m-2" }]);
  await send("POST", "/v1/topics/topic2/records", [{ message_id: "m-1" }]);
  const nowMs = Date.now();
  const measurements = Array.from({ length: 100 }, (_, at) =>
    JSON.stringify({ time: `${nowMs - at * 1000}000007`, tag: "boiler-7", values: [20 + at, at] }),
  );
  const lines = await fetch(`${url}/save`, { method: "POST", body: measurements.join("\n") });
  if (!lines.ok) throw new Error(`POST /save: ${await lines.text()}`);
}
