/** Endpoints to try a client with. */

import { z } from "zod";
import { isPublic, needs } from "../../../http/access.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { message, socketRequest, switched } from "../../../http/endpoint/socket.ts";
import { sse } from "../../../http/endpoint/streams.ts";

/** They hold a connection, and show nothing. */
const access = needs("read", "node", { name: "tryout" });

const description = "Events as they come; the answer does not end on its own.";

export const watchMagic = endpoint("GET /magic", {
  id: "watchMagic",
  tag: "Streams",
  summary: "Watch magic numbers",
  description: "Four random 64-bit integers a second. They have no positions: nothing is kept.",
  access,
  answers: {
    200: sse(
      description,
      'data:{"magic":-2762725995429886737,"timestamp":"2026-11-21T10:12:07Z"}\n\n',
    ),
  },
  problems: [429],
});

export const watchTime = endpoint("GET /time", {
  id: "watchTime",
  tag: "Streams",
  summary: "Watch the clock",
  description: "The time, four times a second. It has no positions: nothing is kept.",
  access,
  answers: { 200: sse(description, 'data:{"timestamp":"2026-11-21T10:12:07Z"}\n\n') },
  problems: [429],
});

export const echo = endpoint("GET /echo", {
  id: "echo",
  tag: "Sockets",
  summary: "A WebSocket that answers what it is sent",
  access,
  answers: { 101: switched },
  problems: [400],
  socket: {
    toServer: [
      socketRequest("Text or bytes.", isPublic("it only comes back"), z.unknown(), "hello"),
    ],
    toClient: [message("The same.", z.unknown(), "hello")],
    closeCodes: { "4008": "You send without reading." },
  },
});

export const tryoutEndpoints = [watchMagic, watchTime, echo];
