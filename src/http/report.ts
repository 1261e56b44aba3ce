/** What the log says of a request that failed for a reason of ours. */
import type { Context } from "hono";
import type { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";

export function reportInternal(logger: Logger, c: Context, { code, cause }: Failure): void {
  if (code !== "internal") return;
  logger("error", "A request failed", {
    method: c.req.method,
    path: shownPath(c.req.path),
    cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
  });
}

export function shownPath(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
