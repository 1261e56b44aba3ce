/** `WS /v1/ws`: many subscriptions and publishes on one socket. */

import type { Hono } from "hono";
import { callerOf, needs } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { endpoint, serve } from "../../../http/endpoint/endpoint.ts";
import { type SocketMessage, switched } from "../../../http/endpoint/socket.ts";
import { checkOrigin } from "../../../http/origin.ts";
import { subscriptions } from "../../../http/ws-shapes.ts";
import { type ConnectionDeps, WsConnection } from "./connection.ts";

export const openSocket = endpoint("GET /v1/ws", {
  id: "openSocket",
  tag: "Sockets",
  summary: "Subscribe and publish on a WebSocket",
  description: [
    "Many subscriptions and publishes on one socket; each message is one JSON object as text.",
    "After a break, subscribe again with the last `position` as `after`: nothing is lost or repeated.",
    `You send:\n\n${listed(subscriptions.toServer)}`,
    `Sluice sends:\n\n${listed(subscriptions.toClient)}`,
    "`x-websocket` has the messages' schemas.",
  ].join("\n\n"),
  access: needs("read", "topic", { handler: "what each message names" }),
  answers: { 101: switched },
  problems: [400, 403],
  socket: subscriptions,
});

interface SocketDeps extends ConnectionDeps, Pick<HttpDeps, "sockets" | "origins"> {}

export function mountSocket(app: Hono, given: SocketDeps): void {
  const deps = { ...given, ingest: given.ingest.from("websocket") };
  serve(app, openSocket, (_, c) => {
    checkOrigin(c.req.raw, deps.origins);
    const caller = callerOf(c.req.raw);
    return deps.sockets.upgrade(c.req.raw, (socket) => new WsConnection(deps, socket, caller));
  });
}

/** For pages that do not show `x-websocket`. */
function listed(messages: readonly SocketMessage[]): string {
  return messages
    .map(({ description, example }) => `- \`${JSON.stringify(example)}\` ${description}`)
    .join("\n");
}
