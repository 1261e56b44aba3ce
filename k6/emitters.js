// USERS (1000) subscribers of one emitter that writes RATE (20) events a second; each waits for EVENTS (1000).
// All are done within the time that the emitter needs plus 1 %, counted from the first event, without a gap.

import { check } from "k6";
import { Trend } from "k6/metrics";
import { createEmitter, watchSse } from "./lib/clients.js";
import { number } from "./lib/settings.js";

export { handleSummary } from "./lib/summary.js";

const users = number("USERS", 1000);
const rate = number("RATE", 20);
const events = number("EVENTS", 1000);
const expectedMs = (events / rate) * 1000;
/** From the first event to the last. */
const streamTime = new Trend("stream_time", true);
/** From the request to the first event. */
const openTime = new Trend("open_time", true);

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
    stream_time: [`max<${Math.ceil(expectedMs * 1.01)}`],
  },
};

export function setup() {
  const emitter = createEmitter(`k6-users-${Date.now()}`, { source: "guest", rate });
  return { emitter };
}

export default function ({ emitter }) {
  const began = Date.now();
  let first;
  const onFirst = () => (first = Date.now());
  const seen = watchSse(emitter, { count: events, seconds: (expectedMs / 1000) * 3, onFirst });
  openTime.add(first - began);
  streamTime.add(Date.now() - first);
  check(seen, { "a user gets all events": (count) => count >= events });
}
