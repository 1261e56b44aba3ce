// The floors of lifecycle events: a bare `Bun.serve` that parses the same body, or makes the same random
// event, and keeps nothing; and the gRPC service behind connect-es' own adapter, which keeps nothing
// either. What a gateway adds to them is all of its work, the durable log included.
//
//   bun bench/floors/event.ts     prints "floor ready http://… grpc http://…"
//
//   wrk -t2 -c100 -d10s $URL/api/create_event
//   ghz --insecure --proto schemas/marsweb/event.proto --call MarsWeb.GrpcService.MarsGrpc.collectEvent \
//     -c 50 -n 100000 -d '{"app_id":"a","message_id":"m","event":"Hello","created_at":"Hello"}' $ADDRESS

import { createServer } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { systemClock } from "../../src/core/clock.ts";
import { sampleEvent } from "../../src/features/lifecycle/sample-events.ts";
import { MarsGrpc } from "../../src/gen/marsweb/event_pb.ts";

const headers = { "content-type": "application/json" };

const http = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  routes: {
    "/api/event": {
      POST: async (request) => {
        const event: unknown = await request.json();
        return new Response(`{"accepted":${event === null ? 0 : 1}}`, { headers });
      },
    },
    "/api/create_event": {
      GET: () => new Response(JSON.stringify(sampleEvent(systemClock.nowNs())), { headers }),
    },
  },
});

const adapter = connectNodeAdapter({
  routes: (router) => router.service(MarsGrpc, { collectEvent: () => ({ success: true }) }),
});
const grpc = createServer(
  // As on Sluice's own listener.
  { maxSessionMemory: 64, settings: { initialWindowSize: 256 * 1024, maxConcurrentStreams: 1000 } },
  adapter,
);
grpc.listen(0, "127.0.0.1", () => {
  const address = grpc.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`floor ready http://127.0.0.1:${http.port} grpc http://127.0.0.1:${port}\n`);
});

process.once("SIGTERM", () => process.exit(0));
