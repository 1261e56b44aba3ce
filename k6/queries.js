// Clients of the measurements: queries of ten minutes to a day of the most frequent tags, while
// `sluice simulate measurements` writes them. TAGS=100 PER_SECOND=10 MINUTES=10

import { querySeries } from "./lib/clients.js";
import { number } from "./lib/settings.js";

export { handleSummary } from "./lib/summary.js";

const tags = number("TAGS", 100);
const perSecond = number("PER_SECOND", 10);
const shortestSeconds = 600;
const daySeconds = 86_400;

export const options = {
  scenarios: {
    queries: {
      executor: "constant-arrival-rate",
      rate: perSecond,
      timeUnit: "1s",
      duration: `${number("MINUTES", 10) * 60}s`,
      preAllocatedVUs: 10,
      maxVUs: 50,
    },
  },
  thresholds: { http_req_failed: ["rate==0"], http_req_duration: ["p(99)<100"] },
};

export default function () {
  // As `simulate measurements` names them: the first has the most.
  const tag = `tag-${String(1 + Math.floor(Math.random() * tags)).padStart(5, "0")}`;
  querySeries(tag, shortestSeconds + Math.floor(Math.random() * (daySeconds - shortestSeconds)));
}
