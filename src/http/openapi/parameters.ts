/** Parameters and headers that several addresses share. */
import { pageLimitDefault, pageLimitMax } from "../../core/page.ts";
import { tailMax } from "../start.ts";
import type { Header, Parameter, Reference } from "./model.ts";
import { ref } from "./schemas.ts";

export const parameters = {
  emitterId: {
    name: "id",
    in: "path",
    required: true,
    description: "The emitter's id",
    schema: ref("Name"),
    example: "web-1",
  },
  topic: {
    name: "topic",
    in: "path",
    required: true,
    description: "The topic's name",
    schema: ref("Name"),
    example: "orders",
  },
  key: {
    name: "key",
    in: "query",
    description: "Only the records of this key",
    schema: { type: "string", maxLength: 512 },
  },
  limit: {
    name: "limit",
    in: "query",
    description: "Events in the page",
    schema: { type: "integer", minimum: 1, maximum: pageLimitMax, default: pageLimitDefault },
  },
  pageAfter: {
    name: "after",
    in: "query",
    description: "The events after this position, or `earliest`. Not together with `before`.",
    schema: { anyOf: [ref("Position"), { type: "string", const: "earliest" }] },
  },
  pageBefore: {
    name: "before",
    in: "query",
    description: "The events before this position",
    schema: ref("Position"),
  },
  startAfter: {
    name: "after",
    in: "query",
    description: "Starts after this position; `earliest`: with the oldest record kept",
    schema: { anyOf: [ref("Position"), { type: "string", const: "earliest" }] },
  },
  tail: {
    name: "tail",
    in: "query",
    description: "Starts with the newest n records. `after` wins over it.",
    schema: { type: "integer", minimum: 0, maximum: tailMax },
  },
  decode: {
    name: "decode",
    in: "query",
    description:
      "`json`: records that name a schema of the registry are given as their schema has them, with `schema` beside; one that does not decode keeps its `data` and has an `error` beside it. In a stream `data:` is then an object of these members.",
    schema: { type: "string", enum: ["json"] },
  },
  lastEventId: {
    name: "Last-Event-ID",
    in: "header",
    description:
      "The last `id:` that was seen; browsers send it by themselves. It wins over `after`.",
    schema: ref("Position"),
  },
  idempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "1 to 200 visible ASCII characters. A retry with the same key stores nothing and is answered as the first.",
    schema: { type: "string", pattern: "^[!-~]{1,200}$" },
  },
  contentEncoding: {
    name: "Content-Encoding",
    in: "header",
    description: "How the body is compressed",
    schema: { type: "string", enum: ["gzip", "deflate", "identity"] },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

export const headers = {
  RetryAfter: {
    description: "Seconds after which to try again",
    schema: { type: "integer", minimum: 1 },
  },
} as const satisfies Readonly<Record<string, Header>>;

export function parameter(name: keyof typeof parameters): Reference {
  return { $ref: `#/components/parameters/${name}` };
}
