/** Whether this node lives, can serve, and what it knows of itself. */
import type { Hono } from "hono";
import { Failure } from "../../../core/failure.ts";
import { problemResponse } from "../../../http/problem.ts";
import { snakeCaseMembers } from "./status-members.ts";

/** What `/status`, `/livez` and `/readyz` report. */
export interface Health {
  /** Everything this node knows of itself, for people. */
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** Why this node cannot serve; undefined when it can. */
  notReady(): Promise<string | undefined>;
}

export function mountHealth(app: Hono, health: Health): void {
  app.get("/livez", (c) => c.json({ status: "up" }));
  app.get("/readyz", async (c) => {
    const why = await health.notReady();
    if (why === undefined) return c.json({ status: "ready" });
    return problemResponse(new Failure("unavailable", why));
  });
  app.get("/status", async (c) =>
    c.json(snakeCaseMembers({ status: "up", ...(await health.status()) })),
  );
}
