/** Answers that several addresses share: JSON, pages, streams, and each problem by its status. */
import { httpStatus } from "../problem.ts";
import type { Content, Json, Reference, ResponseObject, Responses, Schema } from "./model.ts";
import { ref } from "./schemas.ts";

export function json(description: string, schema: Schema, example?: Json): ResponseObject {
  const content = { "application/json": example === undefined ? { schema } : { schema, example } };
  return { description, content };
}

const problems = {
  BadRequest: problem(400, "invalid", "A field, header, position or body is not what is wanted", {
    detail: 'Cannot use limit "0": wanted a number from 1 to 1000',
    errors: [
      {
        field: "limit",
        code: "invalid",
        message: 'Cannot use limit "0": wanted a number from 1 to 1000',
      },
    ],
  }),
  Forbidden: problem(403, "forbidden", "It is not yours to write, or your page is of another host", {
    detail: 'Cannot write topic "emitters": it is Sluice\'s own, emitters are written at /log/{id}',
  }),
  NotFound: problem(404, "not_found", "There is no such emitter or topic", {
    detail: 'There is no topic "orders"',
  }),
  MethodNotAllowed: problem(405, "method_not_allowed", "The address has other methods: `Allow` names them", {
    detail: "Cannot POST /log: wanted GET, PUT",
  }),
  Conflict: problem(409, "conflict", "It stands with another configuration", {
    detail: 'Cannot make emitter "web-1": it stands with rate 2, wanted 5',
  }),
  Gone: problem(
    410,
    "ended",
    "The emitter has ended (`ended`), or what the position asks for is no longer kept (`position_gone`, with the position where reading can start)",
    { detail: 'Cannot use emitter "web-1": it ended at 2026-11-21T10:12:07.184Z' },
  ),
  TooLarge: problem(413, "too_large", "The body, or every record of it, is past its limit", {
    detail: "Cannot read the body: it is larger than 8388608 bytes",
  }),
  UnsupportedMediaType: problem(
    415,
    "unsupported_media_type",
    "The body's `Content-Type` or `Content-Encoding` cannot be read",
    { detail: 'Cannot read content encoding "br": wanted gzip, deflate or none' },
  ),
  TooManyRequests: retryable(
    problem(429, "overloaded", "Too much is under way: try again after `Retry-After`", {
      detail: "Cannot append 65536 bytes: 67108000 are not yet durable, at most 67108864 may be",
    }),
  ),
  HeadersTooLarge: problem(431, "headers_too_large", "The address and headers together are too large", {
    detail: "Cannot read the request: its headers have 40960 bytes, at most 32768 are wanted",
  }),
  Unavailable: retryable(
    problem(
      503,
      "unavailable",
      "The log or the store is away (`unavailable`), or this node shuts down (`shutting_down`): try again after `Retry-After`",
      { detail: "The log is away: connection refused" },
    ),
  ),
} as const satisfies Readonly<Record<string, ResponseObject>>;

export const responses = problems;

const names = {
  400: "BadRequest",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Gone",
  413: "TooLarge",
  415: "UnsupportedMediaType",
  429: "TooManyRequests",
  503: "Unavailable",
} as const satisfies Readonly<Record<number, keyof typeof problems>>;

/** The problems of an operation. 405 and 431 come before any operation and are on each of them. */
export function problemsOf(...statuses: (keyof typeof names)[]): Responses {
  const own = statuses.map((status): [string, Reference] => [String(status), to(names[status])]);
  return Object.fromEntries([
    ...own,
    ["405", to("MethodNotAllowed")],
    ["431", to("HeadersTooLarge")],
  ]);
}

function to(name: keyof typeof problems): Reference {
  return { $ref: `#/components/responses/${name}` };
}

function problem(
  status: (typeof httpStatus)[keyof typeof httpStatus],
  code: keyof typeof httpStatus,
  description: string,
  members: { readonly detail: string; readonly errors?: readonly Json[] },
): ResponseObject {
  const example = { type: `urn:sluice:problem:${code}`, title: description, status, code, ...members };
  return { description, content: { "application/problem+json": { schema: ref("Problem"), example } } };
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
