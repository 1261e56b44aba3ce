/**
 * Large answers are counted until their callers have read them, whichever address they are of: the
 * runtime keeps an answer as long as its client likes to leave it unread.
 */

import type { Share } from "../../core/budget/memory.ts";
import type { Fetch } from "../../core/host.ts";
import { problemResponse } from "../problem.ts";
import { answerStream, type AnswerStreamDeps } from "./stream.ts";

/** Smaller ones are bounded by the number of connections. */
export const countedBytesMin = 256 * 1024;

/** What one write gives a socket. */
export const pieceBytes = 64 * 1024;

export interface LargeAnswersDeps extends AnswerStreamDeps {
  readonly answers: Share;
}

export function countLargeAnswers(fetch: Fetch, deps: LargeAnswersDeps): Fetch {
  const count = (response: Response): Response | Promise<Response> => {
    const length = Number(response.headers.get("content-length") ?? 0);
    if (length < countedBytesMin || response.body === null) return response;
    return counted(response, length, deps);
  };
  return (request) => {
    const answer = fetch(request);
    return answer instanceof Response ? count(answer) : answer.then(count);
  };
}

/** Throws nothing: an answer for which there is no room is `429`. */
async function counted(
  response: Response,
  length: number,
  deps: LargeAnswersDeps,
): Promise<Response> {
  const { answers } = deps;
  try {
    answers.take(length);
  } catch (error) {
    return problemResponse(error);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const body = answerStream(uncountedStream(deps), piecesOf(bytes), () => answers.release(length));
  const { status, headers } = response;
  return new Response(body, { status, headers });
}

/** For an answer that is counted as a whole. */
export function uncountedStream({ clock, stallMs }: AnswerStreamDeps): AnswerStreamDeps {
  return { clock, stallMs, answers: { add() {}, release() {} } };
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    yield bytes.subarray(at, at + pieceBytes);
  }
}
