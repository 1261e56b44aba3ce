/**
 * Failures as the status of a call: one code each, and details of the `google.rpc` types, which
 * clients of every language know.
 */

import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Failure, type FailureCode, failureFrom } from "../core/failure.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";

/** One code for all RPC protocols. `RESOURCE_EXHAUSTED` may be retried where `RetryInfo` is with it. */
export const rpcCode = {
  invalid: Code.InvalidArgument,
  invalid_position: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  forbidden: Code.PermissionDenied,
  not_found: Code.NotFound,
  method_not_allowed: Code.Unimplemented,
  conflict: Code.AlreadyExists,
  incompatible: Code.FailedPrecondition,
  position_gone: Code.OutOfRange,
  ended: Code.FailedPrecondition,
  too_large: Code.ResourceExhausted,
  headers_too_large: Code.ResourceExhausted,
  unsupported_media_type: Code.InvalidArgument,
  overloaded: Code.ResourceExhausted,
  // "Retry at a higher level": the call again, behind the position that comes with it.
  slow_subscriber: Code.Aborted,
  unavailable: Code.Unavailable,
  shutting_down: Code.Unavailable,
  deadline_exceeded: Code.DeadlineExceeded,
  cancelled: Code.Canceled,
  internal: Code.Internal,
} as const satisfies Record<FailureCode, Code>;

/** The domain of `ErrorInfo`: its reasons are those of Sluice. */
const domain = "sluice";

/** As `Retry-After` over HTTP, where a failure has no delay. */
const retryAfterMs: Partial<Record<FailureCode, number>> = {
  overloaded: 1000,
  unavailable: 1000,
  shutting_down: 1000,
};

/**
 * Any thrown value as the status that the caller sees. Details: always `ErrorInfo` (`reason`: the
 * failure's code in capitals; `metadata.position`: where reading can resume), `BadRequest` where
 * fields or records are named, `RetryInfo` where a retry helps. The cause is not sent.
 */
export function connectErrorFrom(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const failure = failureFrom(error);
  return new ConnectError(failure.message, rpcCode[failure.code], undefined, [
    errorInfo(failure),
    ...badRequest(failure),
    ...retryInfo(failure),
  ]);
}

interface Detail<Desc extends DescMessage> {
  readonly desc: Desc;
  readonly value: MessageInitShape<Desc>;
}

function errorInfo({ code, position }: Failure): Detail<typeof ErrorInfoSchema> {
  const metadata: Record<string, string> = position === undefined ? {} : { position };
  return { desc: ErrorInfoSchema, value: { reason: code.toUpperCase(), domain, metadata } };
}

function badRequest({ errors }: Failure): Detail<typeof BadRequestSchema>[] {
  if (errors.length === 0) return [];
  const fieldViolations = errors.map(({ index, field, code, message }) => ({
    field: index === undefined ? field : `records[${index}]${field === "" ? "" : `.${field}`}`,
    reason: code.toUpperCase(),
    description: message,
  }));
  return [{ desc: BadRequestSchema, value: { fieldViolations } }];
}

function retryInfo(failure: Failure): Detail<typeof RetryInfoSchema>[] {
  const ms = failure.retryAfterMs ?? retryAfterMs[failure.code];
  return ms === undefined
    ? []
    : [{ desc: RetryInfoSchema, value: { retryDelay: durationFrom(ms) } }];
}

function durationFrom(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return create(DurationSchema, {
    seconds: BigInt(seconds),
    nanos: Math.round((ms - seconds * 1000) * 1_000_000),
  });
}
