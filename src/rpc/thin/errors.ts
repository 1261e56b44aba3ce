/**
 * Errors of the protocols themselves, with the codes that the conformance suite expects. Those that
 * a caller may decide by are failures, which have an `ErrorInfo`; the others mean a broken client.
 */

import { Code, ConnectError } from "@connectrpc/connect";
import { Failure } from "../../core/failure.ts";

/** A unary call with no message, or with more than one. */
export const notOneMessage = new ConnectError(
  "Cannot answer the call: expected exactly one message",
  Code.Unimplemented,
);

export const unnamedCompression = new ConnectError(
  "Cannot read a compressed message: the call names no compression",
  Code.Internal,
);

export const incompleteMessage = new Failure(
  "invalid",
  "Cannot read the call: its last message is cut short",
);

export function messageTooLarge(message: string): Failure {
  return new Failure("too_large", `Cannot take a message of ${message}`);
}

export function deadlineExceeded(timeoutMs: number): Failure {
  return new Failure("deadline_exceeded", `The call took longer than ${timeoutMs} ms`);
}
