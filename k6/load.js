// Everything at once for MINUTES (1): subscribers over SSE and WebSocket, client streams, measurements,
// queries and pages. The sizes suit a laptop: README.md names the variables that raise them.

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

export const options = { scenarios: scenarios(`${number("MINUTES", 1) * 60}s`), thresholds };
