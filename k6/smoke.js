// One of each, once: whether a gateway is right, not how fast it is.

import { check } from "k6";
import http from "k6/http";
import {
  append,
  collect,
  createEmitter,
  querySeries,
  readPage,
  save,
  watchSocket,
  watchSse,
} from "./lib/clients.js";
import { headers, url } from "./lib/settings.js";

export { handleSummary } from "./lib/summary.js";

export const options = {
  vus: 1,
  iterations: 1,
  thresholds: { checks: ["rate==1"], stream_gaps: ["count==0"], http_req_failed: ["rate==0"] },
};

export default function () {
  check(http.get(`${url}/readyz`), { "the gateway is ready": ({ status }) => status === 200 });
  const emitter = createEmitter(`k6-smoke-${Date.now()}`);
  append(emitter, 0, 20);
  readPage(emitter, 20);
  const overSse = watchSse(emitter, { count: 20, seconds: 10, after: "earliest" });
  check(overSse, { "SSE replays all events": (count) => count === 20 });
  const overSocket = watchSocket(emitter, { count: 20, seconds: 10, after: "earliest" });
  check(overSocket, { "a WebSocket replays all events": (count) => count === 20 });
  collect("k6-smoke", { messages: 5, records: 10 });
  save("k6-smoke");
  querySeries("k6-smoke", 3600);
  http.del(`${url}/log/${emitter}`, null, { headers });
}
