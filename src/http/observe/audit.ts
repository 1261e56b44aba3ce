/** The audit line of a change that a request made. */

import { audit, type AuditedChange } from "../../core/access/audit.ts";
import type { Logger } from "../../core/logger.ts";
import { callerOf } from "../access.ts";
import { requestIdOf } from "./request-id.ts";

/** Call it once the change is made. */
export function auditRequest(logger: Logger, request: Request, change: AuditedChange): void {
  const fields = { request_id: requestIdOf(request), ...change.fields };
  audit(logger, callerOf(request), { ...change, fields });
}
