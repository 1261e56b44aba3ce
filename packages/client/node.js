// The client on Node, which has a global WebSocket since version 22: before, that of the package `ws`.

import { WebSocket as PackagedWebSocket } from "ws";
import { createClient as createAnyClient } from "./index.js";

export * from "./index.js";

export function createClient(options) {
  const openSocket = (url) => new (globalThis.WebSocket ?? PackagedWebSocket)(url);
  return createAnyClient({ openSocket, ...options });
}
