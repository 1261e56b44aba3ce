/** The problems of the document, one shared answer for each status. */

import { z } from "zod";
import {
  Failure,
  type FailureCode,
  type FailureDetails,
  invalidIssue,
} from "../../core/failure.ts";
import type { Answer, Content } from "../endpoint/answer.ts";
import type { ProblemStatus } from "../endpoint/endpoint.ts";
import { problemShape } from "../endpoint/shapes.ts";
import { problemFrom } from "../problem.ts";
import type { Reference } from "./model.ts";

const retryAfter = {
  description: "Seconds after which to retry",
  schema: z.int().min(1),
};

const wrongLimit = 'Cannot use limit "0": expected a whole number from 1 to 1000';

export const problemAnswers = {
  BadRequest: problem(
    "invalid",
    "A field, header, position or body is not what is expected.",
    wrongLimit,
    { errors: [invalidIssue("limit", wrongLimit)] },
  ),
  Unauthenticated: {
    ...problem(
      "unauthenticated",
      "The credential is missing, wrong, expired or revoked.",
      'A credential with the grant "append topic:orders" is needed',
    ),
    headers: {
      "WWW-Authenticate": { description: "The schemes of credentials", schema: z.string() },
    },
  },
  Forbidden: problem(
    "forbidden",
    "The credential lacks the grant, the topic is internal, or the request comes from a page of another host.",
    'orders-producer lacks the grant "read topic:orders"',
  ),
  NotFound: problem("not_found", "It does not exist.", 'There is no topic "orders"'),
  Conflict: problem(
    "conflict",
    "It exists with another configuration.",
    'Cannot create emitter "web-1" with rate 5: it exists with 2',
  ),
  Gone: problem(
    "ended",
    "The emitter has ended (`ended`), or what the position refers to is no longer kept (`position_gone`, with the position where reading can start).",
    'Cannot use emitter "web-1": it ended at 2026-11-21T10:12:07.184Z',
  ),
  TooLarge: problem(
    "too_large",
    "The body, or every record of it, is past its limit.",
    "Cannot read the body: it is larger than 8388608 bytes",
  ),
  UnsupportedMediaType: problem(
    "unsupported_media_type",
    "The body's `Content-Type` or `Content-Encoding` cannot be read.",
    'Cannot read content encoding "br": expected gzip, deflate or none',
  ),
  TooManyRequests: retryable(
    problem(
      "overloaded",
      "Overloaded: retry after `Retry-After`.",
      "Cannot append 65536 bytes: 67108000 are not yet durable, at most 67108864 may be",
    ),
  ),
  HeadersTooLarge: problem(
    "headers_too_large",
    "The address and the headers together are too large.",
    "Cannot read the request: its headers have 40960 bytes, expected at most 32768",
  ),
  Unavailable: retryable(
    problem(
      "unavailable",
      "The log or the store is unavailable (`unavailable`), or this node is shutting down (`shutting_down`): retry after `Retry-After`.",
      "The log is unavailable: connection refused",
    ),
  ),
} as const satisfies Readonly<Record<string, Answer>>;

const nameOfStatus = {
  400: "BadRequest",
  401: "Unauthenticated",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Gone",
  413: "TooLarge",
  415: "UnsupportedMediaType",
  429: "TooManyRequests",
  431: "HeadersTooLarge",
  503: "Unavailable",
} as const satisfies Readonly<Record<ProblemStatus | 401 | 431, keyof typeof problemAnswers>>;

/**
 * What may meet any request, so every operation has it: a `Host` or a parameter that is not one, a wrong
 * credential, a host that is not the gateway's, headers that are too large.
 */
const ofAnyRequest = [400, 401, 403, 431] as const;

export function problems(statuses: readonly ProblemStatus[]): Readonly<Record<string, Reference>> {
  return Object.fromEntries(
    [...statuses, ...ofAnyRequest].map((status): [string, Reference] => [
      String(status),
      { $ref: `#/components/responses/${nameOfStatus[status]}` },
    ]),
  );
}

/** Beside the content of another kind of error with the same status. */
export const problemContent: Content = { "application/problem+json": { schema: problemShape } };

function problem(
  code: FailureCode,
  description: string,
  detail: string,
  details: FailureDetails = {},
): Answer {
  const example = problemFrom(new Failure(code, detail, details));
  return {
    description,
    content: { "application/problem+json": { schema: problemShape, example } },
  };
}

function retryable(answer: Answer): Answer {
  return { ...answer, headers: { "Retry-After": retryAfter } };
}
