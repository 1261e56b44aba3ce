/** Log lines for requests that failed for an internal reason. */

import type { Failure } from "../../core/failure.ts";
import { shownPath } from "../../core/host.ts";
import type { Logger } from "../../core/logger.ts";
import { requestIdOf } from "./request-id.ts";

/** A request of the router, or what stands for it. */
interface ReportedRequest {
  readonly method: string;
  readonly path: string;
  readonly raw?: Request;
}

export function reportInternal(
  logger: Logger,
  { method, path, raw }: ReportedRequest,
  { code, cause }: Failure,
): void {
  if (code !== "internal") return;
  logger("error", "request failed", {
    method,
    path: shownPath(path),
    request_id: raw && requestIdOf(raw),
    cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
  });
}
