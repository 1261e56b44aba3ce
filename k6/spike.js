// A quiet start, then SPIKE times (10) as many measurements and subscribers within seconds, and quiet again.
// A gateway may answer 429 at the peak, with Retry-After; it loses nothing and recovers.

import { number } from "./lib/settings.js";
import { scenarios, thresholds } from "./lib/work.js";

export * from "./lib/work.js";
export { handleSummary } from "./lib/summary.js";

const spike = number("SPIKE", 10);
const subscribers = number("SUBSCRIBERS", 50);
const saves = number("SAVES", 100);
const stages = (low, high) => [
  { duration: "10s", target: low },
  { duration: "2s", target: high },
  { duration: "15s", target: high },
  { duration: "2s", target: low },
  { duration: "15s", target: low },
];
const { produce, query } = scenarios("44s");

export const options = {
  scenarios: {
    produce,
    query,
    sse: {
      executor: "ramping-vus",
      exec: "overSse",
      startVUs: subscribers,
      stages: stages(subscribers, subscribers * spike),
      gracefulRampDown: "30s",
    },
    save: {
      executor: "ramping-arrival-rate",
      exec: "saveOne",
      startRate: saves,
      timeUnit: "1s",
      stages: stages(saves, saves * spike),
      preAllocatedVUs: saves,
      maxVUs: saves * spike,
    },
  },
  thresholds: {
    ...thresholds,
    checks: ["rate>0.99"],
    delivery_time: ["p(99)<2000"],
    "http_req_duration{name:POST /save}": ["p(99)<2000"],
  },
};
