/** Failures as the Confluent Schema Registry tells them: `{"error_code","message"}`. */

import { type Failure, type FailureCode, failureFrom } from "../../../core/failure.ts";
import { challengeOf } from "../../../http/credentials/challenge.ts";
import { httpStatus } from "../../../http/problem.ts";
import { RegistryFailure, type RegistryReason } from "../registry-port.ts";
import { confluentType } from "./confluent-model.ts";

/** Of the registry's documentation; its first three digits are the status. */
const errorCodes = {
  subject_not_found: 40401,
  version_not_found: 40402,
  schema_not_found: 40403,
  subject_deleted: 40404,
  subject_not_deleted: 40405,
  version_deleted: 40406,
  version_not_deleted: 40407,
  config_not_found: 40408,
  mode_not_found: 40409,
  incompatible: 409,
  invalid_schema: 42201,
  invalid_version: 42202,
  invalid_compatibility: 42203,
  invalid_mode: 42204,
  read_only: 42205,
  referenced: 42206,
  invalid_subject: 42208,
} as const satisfies Record<RegistryReason, number>;

/** Where a failure's own status would hide what the registry's clients look for. */
const otherCodes: Partial<Record<FailureCode, number>> = {
  // "User is denied operation": of the registry's security plugin.
  forbidden: 40301,
  internal: 50001,
  unavailable: 50001,
  shutting_down: 50001,
  deadline_exceeded: 50002,
};

export function confluentError(error: unknown, request: Request): Response {
  const failure = failureFrom(error);
  const status = statusOf(failure);
  const code =
    failure instanceof RegistryFailure
      ? errorCodes[failure.reason]
      : (otherCodes[failure.code] ?? status);
  const headers: Record<string, string> = {
    "content-type": confluentType,
    ...(status === 401 ? challengeOf(request) : {}),
  };
  if (failure.retryAfterMs !== undefined || status === 503) {
    headers["retry-after"] = String(Math.max(1, Math.ceil((failure.retryAfterMs ?? 1000) / 1000)));
  }
  const body = JSON.stringify({ error_code: code, message: messageOf(failure) });
  return new Response(`${body}\n`, { status, headers });
}

/** Of the failures with code 50001, those that a retry can help have status 503: clients retry by the status. */
function statusOf(failure: Failure): number {
  if (!(failure instanceof RegistryFailure)) return httpStatus[failure.code];
  const code: number = errorCodes[failure.reason];
  return code < 1000 ? code : Math.floor(code / 100);
}

/** Confluent's errors have no field for a list of problems: they are part of the message, as they are there. */
function messageOf({ message, errors }: Failure): string {
  if (errors.length < 2) return message;
  const told = errors.map((issue) =>
    issue.message.startsWith(issue.field) ? issue.message : `${issue.field}: ${issue.message}`,
  );
  return `${message}; details: ${JSON.stringify(told)}`;
}
