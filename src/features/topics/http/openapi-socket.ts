/** WebSockets. OpenAPI knows only their handshake: `x-websocket` describes what follows it. */
import type { Paths, SocketMessage } from "../../../http/openapi/model.ts";
import { problems } from "../../../http/openapi/responses.ts";
import { socketMessages, switched } from "../../../http/openapi/sockets.ts";

const { toServer, toClient } = socketMessages;

const tags = ["Sockets"];

/** For the pages that know nothing of `x-websocket`. */
function listed(messages: readonly SocketMessage[]): string {
  return messages
    .map(({ description, example }) => `- \`${JSON.stringify(example)}\` ${description}`)
    .join("\n");
}

export const socketPaths: Paths = {
  "/v1/ws": {
    get: {
      operationId: "openSocket",
      tags,
      summary: "Subscribe and publish on a WebSocket",
      description: [
        "Many subscriptions and publishes on one socket; each message is one JSON object as text.",
        "After a break, subscribe again with the last `position` as `after`: nothing is lost or repeated.",
        `You say:\n\n${listed(toServer)}`,
        `Sluice says:\n\n${listed(toClient)}`,
        "`x-websocket` has the messages' schemas.",
      ].join("\n\n"),
      responses: { "101": switched, ...problems(400, 403) },
      "x-endless": true,
      "x-websocket": {
        toServer,
        toClient,
        closeCodes: {
          "1001": "This node goes away: connect again and resume.",
          "4008": "You read too slowly: connect again and resume.",
        },
      },
    },
  },
  "/echo": {
    get: {
      operationId: "echo",
      tags,
      summary: "A WebSocket that answers what it is sent",
      responses: { "101": switched, ...problems(400) },
      "x-endless": true,
      "x-websocket": {
        toServer: [{ description: "Text or bytes.", schema: {}, example: "hello" }],
        toClient: [{ description: "The same.", schema: {}, example: "hello" }],
        closeCodes: { "4008": "You send without reading." },
      },
    },
  },
};
