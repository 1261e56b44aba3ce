/** The audit line of each change that somebody made: who changed what. It is written at every log level. */

import type { LogFields, Logger } from "../logger.ts";
import type { Caller } from "./caller.ts";

export type AuditedAction = "create" | "change" | "delete";

export type AuditedKind =
  "topic" | "copy" | "emitter" | "app" | "subject" | "rule" | "key" | "session" | "settings";

export interface AuditedChange {
  readonly action: AuditedAction;
  readonly kind: AuditedKind;
  readonly name: string;
  /** What it is now, as far as it explains the change. Never a secret. */
  readonly fields?: LogFields;
}

/** Call it once the change is made: what was refused is no change. */
export function audit(
  logger: Logger,
  { principal }: Caller,
  { action, kind, name, fields }: AuditedChange,
): void {
  logger("audit", `${action} ${kind}`, {
    principal: principal.id,
    principal_name: principal.name,
    resource: `${kind}:${name}`,
    ...fields,
  });
}
