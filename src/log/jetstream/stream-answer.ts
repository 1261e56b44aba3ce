/** The stream's answer to a published message. */

import type { Msg } from "@nats-io/transport-node";
import type { Failure } from "../../core/failure.ts";
import { failureFromCode } from "./failures.ts";

export type StreamAnswer =
  | { readonly sequence: number; readonly isDuplicate: boolean }
  | { readonly errorCode: number; readonly failure: Failure };

/** Undefined: no stream took the message. */
export function parseStreamAnswer(topic: string, reply: Msg): StreamAnswer | undefined {
  // The server's status "no responders" has no body.
  if (reply.data.byteLength === 0) return undefined;
  const { seq = 0, duplicate = false, error } = reply.json<Body>();
  if (error === undefined) return { sequence: seq, isDuplicate: duplicate };
  const { err_code: errorCode = 0, description = "it refused" } = error;
  return { errorCode, failure: failureFromCode(topic, errorCode, description) };
}

interface Body {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}
