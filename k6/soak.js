// The load for MINUTES (60) with much churn. Watch the gateways' memory meanwhile: `/metrics`, or
// `sluice bench soak`, which does the same without k6 and reports the slope.

import { number } from "./lib/settings.js";
import { scenarios, thresholds } from "./lib/work.js";

export { handleSummary } from "./lib/summary.js";
export {
  collectRecords,
  overSocket,
  overSse,
  pages,
  produce,
  query,
  saveOne,
  setup,
} from "./lib/work.js";

export const options = { scenarios: scenarios(`${number("MINUTES", 60) * 60}s`), thresholds };
