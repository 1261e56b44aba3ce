/** `WS /echo`: what comes in goes out. */

import type { Hono } from "hono";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { checkOrigin } from "../../../http/origin.ts";
import { echo } from "./endpoints.ts";

export function mountEcho(
  app: Hono,
  { sockets, origins }: Pick<HttpDeps, "sockets" | "origins">,
): void {
  serve(app, echo, (_, c) => {
    checkOrigin(c.req.raw, origins);
    return sockets.upgrade(c.req.raw, (socket) => ({
      // A peer that sends without reading is closed by what all sockets share.
      message: (message) => void socket.send(message),
      drained() {},
      closed() {},
    }));
  });
}
