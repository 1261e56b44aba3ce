// Everything at once for MINUTES (1): subscribers over SSE and WebSocket, client streams, measurements,
// queries and pages. The sizes suit a laptop: README.md names the variables that raise them.

import { optionsFor } from "./lib/work.js";

export * from "./lib/work.js";
export { handleSummary } from "./lib/summary.js";

export const options = optionsFor({ minutes: 1, parts: 1 });
