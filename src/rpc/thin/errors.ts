/**
 * Errors of the protocols themselves. Their codes are those of connect-es and of the conformance
 * suite, and like there they have no details: those belong to Sluice's own failures.
 */
import { Code, ConnectError } from "@connectrpc/connect";

/** A unary call with no message, or with more than one. */
export const notOneMessage = new ConnectError(
  "Cannot answer the call: expected exactly one message",
  Code.Unimplemented,
);

export const incompleteMessage = new ConnectError(
  "Cannot read the call: its last message is cut short",
  Code.InvalidArgument,
);

export const unnamedCompression = new ConnectError(
  "Cannot read a compressed message: the call names no compression",
  Code.Internal,
);

export function messageTooLarge(message: string): ConnectError {
  return new ConnectError(`Cannot take a message of ${message}`, Code.ResourceExhausted);
}

export function deadlineExceeded(timeoutMs: number): ConnectError {
  return new ConnectError(`The call took longer than ${timeoutMs} ms`, Code.DeadlineExceeded);
}
