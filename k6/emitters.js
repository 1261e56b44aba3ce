// USERS (1000) subscribers of one emitter that writes RATE (100) events a second; each waits for EVENTS (1000).
// All are done within the time that the emitter needs, plus 1 % and the time to connect, without a gap.

import { check } from "k6";
import { Trend } from "k6/metrics";
import { createEmitter, watchSse } from "./lib/clients.js";
import { number } from "./lib/settings.js";

export { handleSummary } from "./lib/summary.js";

const users = number("USERS", 1000);
const rate = number("RATE", 100);
const events = number("EVENTS", 1000);
const expectedMs = (events / rate) * 1000;
const streamTime = new Trend("stream_time", true);

export const options = {
  scenarios: {
    users: {
      executor: "per-vu-iterations",
      vus: users,
      iterations: 1,
      maxDuration: `${Math.ceil(expectedMs / 1000) * 3 + 60}s`,
    },
  },
  thresholds: {
    checks: ["rate==1"],
    stream_gaps: ["count==0"],
    stream_time: [`max<${Math.ceil(expectedMs * 1.01) + 1000}`],
  },
};

export function setup() {
  const emitter = createEmitter(`k6-users-${Date.now()}`, { source: "guest", rate });
  return { emitter };
}

export default function ({ emitter }) {
  const began = Date.now();
  const seen = watchSse(emitter, { count: events, seconds: (expectedMs / 1000) * 3 });
  streamTime.add(Date.now() - began);
  check(seen, { "a user gets all events": (count) => count >= events });
}
