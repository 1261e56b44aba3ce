/** What the log says of a request that failed for a reason of ours. */
import type { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";

export function reportInternal(
  logger: Logger,
  { method, path }: { readonly method: string; readonly path: string },
  { code, cause }: Failure,
): void {
  if (code !== "internal") return;
  logger("error", "A request failed", {
    method,
    path: shownPath(path),
    cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
  });
}

export function shownPath(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
