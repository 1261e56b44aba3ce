/** Calls of a running gateway over Connect with JSON, which needs no more than `fetch`. */

import { Failure, type FailureCode } from "../../core/failure.ts";
import { textFromUtf8 } from "../../core/utf8.ts";
import type { Gateway } from "./gateway.ts";
import { foreignAnswer, reach, statusText } from "./request.ts";

/** The response of a unary method. Throws a `Failure` with the gateway's words. */
export async function call<Answer>(
  gateway: Gateway,
  method: string,
  request: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const response = await reach(gateway, `/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as Answer;
  throw failureFromError(text, response.status);
}

/** The responses of a server-streaming method, until it ends. */
export async function* follow<Answer>(
  gateway: Gateway,
  method: string,
  request: Readonly<Record<string, unknown>>,
): AsyncGenerator<Answer> {
  const response = await reach(gateway, `/${method}`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", "connect-protocol-version": "1" },
    body: envelope(JSON.stringify(request)),
  });
  if (!response.ok || response.body === null) {
    throw failureFromError(await response.text(), response.status);
  }
  for await (const { isEnd, text } of messages(response.body)) {
    if (!isEnd) yield JSON.parse(text) as Answer;
    else if (text !== "{}") {
      const { error } = JSON.parse(text) as { error?: object };
      if (error !== undefined) throw failureFromError(JSON.stringify(error), response.status);
    }
  }
}

interface ErrorAnswer {
  readonly message?: string;
  readonly details?: readonly {
    readonly debug?: {
      readonly reason?: string;
      readonly fieldViolations?: readonly { readonly description?: string }[];
    };
  }[];
}

/** Several reasons get a line each. */
function failureFromError(text: string, status: number): Failure {
  let answer: ErrorAnswer;
  try {
    answer = JSON.parse(text) as ErrorAnswer;
  } catch {
    return foreignAnswer(status, text);
  }
  const debugs = (answer.details ?? []).map(({ debug }) => debug);
  const reasons = debugs.flatMap((debug) => debug?.fieldViolations ?? []);
  const lines =
    reasons.length > 1 ? reasons.map(({ description = "" }) => `\n  ${description}`) : [];
  const code: FailureCode = status === 503 ? "unavailable" : "invalid";
  return new Failure(code, `${answer.message ?? statusText(status)}${lines.join("")}`);
}

/** Connect's framing: a byte of flags, the length as u32 big-endian, the message. */
function envelope(text: string): Uint8Array<ArrayBuffer> {
  const message = new TextEncoder().encode(text);
  const bytes = new Uint8Array(5 + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

async function* messages(body: ReadableStream<Uint8Array>) {
  let rest = new Uint8Array(0);
  for await (const part of body) {
    const joined = new Uint8Array(rest.length + part.length);
    joined.set(rest);
    joined.set(part, rest.length);
    rest = joined;
    while (rest.length >= 5) {
      const end = 5 + new DataView(rest.buffer, rest.byteOffset).getUint32(1);
      if (rest.length < end) break;
      const isEnd = ((rest[0] ?? 0) & 2) !== 0;
      yield { isEnd, text: textFromUtf8(rest.subarray(5, end)) };
      rest = rest.slice(end);
    }
  }
}
