/** Callers of all kinds, for as long as a test looks at what they cause. */

import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import type { GatewayProcess } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { pause } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";

const value = new TextEncoder().encode('{"message_id":"m"}');

/** Calls each node in turn until it is stopped. Errors end it, and `stop` throws them. */
export function startLoad(nodes: readonly GatewayProcess[]): { stop(): Promise<void> } {
  let isStopped = false;
  const done = Promise.all(
    nodes.map(async (node) => {
      const left = new AbortController();
      const { signal } = left;
      const socket = await openWs(`${node.wsUrl}/v1/ws`, () => {});
      socket.say({ op: "subscribe", topic: "load" });
      const calls = callersOf(node);
      const rule = { topics: ["load", "load-2"], output: "load-acks", deadline_ms: 60_000 };
      await ask("PUT", `${node.url}/v1/ack-rules/load`, { body: JSON.stringify(rule) });
      await calls.append("load", { message_id: "first" });
      const stream = await fetch(`${node.url}/v1/topics/load/sse`, { signal });
      void stream.text().catch(() => {});
      for (let n = 0; !isStopped; n++) {
        await calls.each(n);
        socket.say({ op: "publish", topic: "load", events: [{ message_id: `w${n}` }] });
        await pause(20);
      }
      left.abort();
      socket.cut();
    }),
  );
  return {
    async stop() {
      isStopped = true;
      await done;
    },
  };
}

function callersOf({ url, grpcUrl }: GatewayProcess) {
  const grpc = createClient(CollectorService, createGrpcTransport({ baseUrl: grpcUrl }));
  const connect = createClient(
    CollectorService,
    createConnectTransport({ baseUrl: url, httpVersion: "1.1" }),
  );
  const post = (path: string, body: unknown) =>
    ask("POST", `${url}${path}`, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  const append = (topic: string, record: unknown) => post(`/v1/topics/${topic}/records`, record);
  const request = { topic: "load", records: [{ value, contentType: "application/json" }] };
  return {
    append,
    async each(n: number): Promise<void> {
      const time = Date.now();
      await Promise.all([
        append("load", { message_id: `m${n}` }),
        append("load-2", { message_id: `m${n}` }),
        post("/save", { time: time * 1_000_000, tag: `load-${n % 5}`, values: [n] }),
        post("/api/event", { app_id: "load", message_id: `m${n}`, event: "seen" }),
        grpc.publish(request),
        connect.publish(request),
        ask("GET", `${url}/v1/series/load-1?start=${time - 60_000}000000&end=${time}000000`),
        ask("GET", `${url}/v1/topics/load/records?after=wrong`),
      ]);
    },
  };
}
