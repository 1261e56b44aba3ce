/** Connect and gRPC-Web on this port: the RPC faces' own handlers at their paths. */
import type { Hono } from "hono";
import type { HttpParts } from "./parts.ts";

export function mountRpc(app: Hono, { rpc }: Pick<HttpParts, "rpc">): void {
  for (const path of rpc.paths) app.all(path, (c) => rpc.fetch(c.req.raw));
}
