// The load for MINUTES (60) with much churn, in PARTS (6) whose figures are apart: the last are as the first.
// `bun run k6 soak` watches the gateways' memory meanwhile.

import { optionsFor } from "./lib/work.js";

export * from "./lib/work.js";
export { handleSummary } from "./lib/summary.js";

export const options = optionsFor({ minutes: 60, parts: 6 });
