/** Answers that several addresses share: JSON, pages, streams, and each problem by its status. */
import { Failure, type FailureCode, type FailureDetails } from "../../core/failure.ts";
import { problemFrom } from "../problem.ts";
import type { Content, Reference, ResponseObject, Responses, Schema } from "./model.ts";
import { ref } from "./schemas.ts";

export function json(description: string, schema: Schema, example?: unknown): ResponseObject {
  const content = { "application/json": example === undefined ? { schema } : { schema, example } };
  return { description, content };
}

const wrongLimit = 'Cannot use limit "0": expected a whole number from 1 to 1000';

export const responses = {
  BadRequest: problem(
    "invalid",
    "A field, header, position or body is not what is expected.",
    wrongLimit,
    { errors: [{ field: "limit", code: "invalid", message: wrongLimit }] },
  ),
  Forbidden: problem(
    "forbidden",
    "The topic is Sluice's own, or the page that asks is of another host.",
    'Cannot write topic "emitters": it is Sluice\'s own, emitters are written at /log/{id}',
  ),
  NotFound: problem("not_found", "There is no such thing.", 'There is no topic "orders"'),
  Conflict: problem(
    "conflict",
    "It stands with another configuration.",
    'Cannot create emitter "web-1" with rate 5: it exists with 2',
  ),
  Gone: problem(
    "ended",
    "The emitter has ended (`ended`), or what the position asks for is no longer kept (`position_gone`, with the position where reading can start).",
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
      "Too much is under way: try again after `Retry-After`.",
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
      "The log or the store is away (`unavailable`), or this node shuts down (`shutting_down`): try again after `Retry-After`.",
      "The log is away: connection refused",
    ),
  ),
} as const satisfies Readonly<Record<string, ResponseObject>>;

const nameOfStatus = {
  400: "BadRequest",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Gone",
  413: "TooLarge",
  415: "UnsupportedMediaType",
  429: "TooManyRequests",
  431: "HeadersTooLarge",
  503: "Unavailable",
} as const satisfies Readonly<Record<number, keyof typeof responses>>;

/** The problems of an operation; 431 is told before any operation begins, so all have it. */
export function problems(...statuses: (keyof typeof nameOfStatus)[]): Responses {
  const all = statuses.includes(431) ? statuses : [...statuses, 431 as const];
  return Object.fromEntries(
    all.map((status): [string, Reference] => [
      String(status),
      { $ref: `#/components/responses/${nameOfStatus[status]}` },
    ]),
  );
}

function problem(
  code: FailureCode,
  description: string,
  detail: string,
  details: FailureDetails = {},
): ResponseObject {
  const example = problemFrom(new Failure(code, detail, details));
  return {
    description,
    content: { "application/problem+json": { schema: ref("Problem"), example } },
  };
}

function retryable(response: ResponseObject): ResponseObject {
  return { ...response, headers: { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } };
}

/** A stream with positions, of an emitter or a topic. */
export const eventStream: ResponseObject = {
  description: [
    "Events as they come; the answer does not end by itself. Each event has the position as `id:` and the record's JSON as `data:`.",
    "Other kinds: `event:reset` (what you asked for is no longer kept; its `data` says where reading goes on), `event:end` (the emitter has ended, nothing follows), `event:error` (a problem, nothing follows). Comments are heartbeats.",
    "After a break, send the last `id:` back as `Last-Event-ID`: nothing is lost or repeated.",
  ].join("\n\n"),
  content: sseContent(
    'id:8mi8wtfaq-13a\ndata:{"level":"INFO","message":"GET /orders 200 12 ms"}\n\n',
  ),
};

/** `text/event-stream` is a text with a grammar of its own: OpenAPI 3.1 can but show it. */
export function sseContent(example: string): Content {
  return { "text/event-stream": { schema: { type: "string" }, example } };
}
