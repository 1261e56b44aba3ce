/** Responses that several endpoints share. */

import { Failure, type FailureCode, type Issue } from "../core/failure.ts";
import { type Position, renderPosition } from "../core/position.ts";
import type { IngestResult } from "../ingest/ingest.ts";
import { countedBytesMin } from "./answers/large.ts";
import { problemResponse } from "./problem.ts";

const jsonHeaders = { "content-type": "application/json" };

/**
 * The answer ends with a newline, so that a shell's prompt starts on its own line. A large one has its
 * length, by which `countLargeAnswers` knows it.
 */
export function jsonResponse(
  body: string,
  status = 200,
  headers?: Record<string, string>,
): Response {
  const given = headers === undefined ? jsonHeaders : { ...jsonHeaders, ...headers };
  if (body.length < countedBytesMin) return new Response(`${body}\n`, { status, headers: given });
  const bytes = new TextEncoder().encode(`${body}\n`);
  const length = { "content-length": String(bytes.byteLength) };
  return new Response(bytes, { status, headers: { ...given, ...length } });
}

/** 200, 207 where some records were refused, a problem where all were. */
export function appendResponse({ accepted, refused, appended }: IngestResult): Response {
  return takenResponse({ accepted, refused, position: appended?.last });
}

/** The same by the position of the last record; undefined: all were refused. */
export function takenResponse({
  accepted,
  refused,
  position,
}: Pick<IngestResult, "accepted" | "refused"> & {
  readonly position: Position | undefined;
}): Response {
  if (position === undefined) return refusedResponse(refused);
  if (refused.length === 0) return acceptedResponse(accepted, position);
  const answer = { accepted, position: renderPosition(position), refused };
  return jsonResponse(JSON.stringify(answer), 207);
}

/**
 * All were taken. By hand, because it is a part of what each append costs: `stringify` takes three times as
 * long. `more`: further members, each after a comma.
 */
export function acceptedResponse(
  count: number,
  position: Position | undefined,
  more = "",
): Response {
  const at = position === undefined ? "" : `,"position":"${renderPosition(position)}"`;
  return jsonResponse(`{"accepted":${count}${at},"refused":[]${more}}`);
}

/** The same for an append that was only tried: nothing has a position. */
export function previewResponse({
  accepted,
  refused,
}: Pick<IngestResult, "accepted" | "refused">): Response {
  if (accepted === 0) return refusedResponse(refused);
  const body = JSON.stringify({ accepted, position: null, refused });
  return jsonResponse(body, refused.length > 0 ? 207 : 200);
}

/** A problem that names the records in `refused`; `count` were refused in all. */
export function refusedResponse(refused: readonly Issue[], count = refused.length): Response {
  const code: FailureCode = refused[0]?.code ?? "invalid";
  const detail = refused[0]?.message ?? "The body has no records";
  const message = count > 1 ? `All ${count} records were refused, the first: ${detail}` : detail;
  return problemResponse(new Failure(code, message, { errors: refused }));
}
