/** Whether this node lives, can serve, and what it knows of itself. */
import type { Hono } from "hono";
import { Failure } from "../../../core/failure.ts";
import type { HttpParts } from "../../../http/parts.ts";
import { problemResponse } from "../../../http/problem.ts";

export function mountHealth(app: Hono, { health }: HttpParts): void {
  app.get("/livez", (c) => c.json({ status: "up" }));
  app.get("/readyz", async (c) => {
    const why = await health.notReady();
    if (why === undefined) return c.json({ status: "ready" });
    return problemResponse(new Failure("unavailable", why));
  });
  app.get("/status", async (c) => c.json({ status: "up", ...(await health.status()) }));
}
