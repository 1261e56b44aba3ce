/** What callers learn of themselves, tickets and sessions; and all of this feature's endpoints. */

import { z } from "zod";
import { isPublic } from "../../../http/access.ts";
import { content, empty, json, jsonBody } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { timeShape } from "../../../http/endpoint/shapes.ts";
import { grantShape, ticketGrantsMax } from "./grant-shape.ts";
import { keyEndpoints } from "./key-endpoints.ts";

const tag = "Access";

const meShape = z.object({
  principal: z.string().describe("Unique over all kinds, as logs name it"),
  kind: z.enum(["anonymous", "key", "token", "certificate"]),
  name: z.string(),
  grants: z.array(grantShape),
  expires_at: timeShape.nullable().describe("null: until it is revoked"),
  closed: z.boolean().describe("false: nothing is configured, and all callers may do everything"),
});

const meExample = {
  principal: "key:3kf82hs0",
  kind: "key" as const,
  name: "orders-producer",
  grants: ["append topic:orders.*"],
  expires_at: null,
  closed: true,
};

export const me = endpoint("GET /v1/me", {
  id: "me",
  tag,
  summary: "The caller",
  description: "So that pages and tools can hide what is not allowed.",
  answers: { 200: json("As this gateway sees it.", meShape, meExample) },
  access: isPublic("it shows callers nothing but themselves"),
  problems: [429, 503],
});

const resourceShape = z.string().max(600);

export const ticketBody = jsonBody(
  z.union(
    [
      z.strictObject({
        action: z.enum(["read", "append", "manage"]),
        target: resourceShape.describe("A resource as grants have it: `topic:orders`"),
      }),
      z.strictObject({
        grants: z
          .array(grantShape)
          .min(1)
          .max(ticketGrantsMax)
          .describe("For a socket with several subscriptions"),
      }),
    ],
    'expected {"action":"read","target":"topic:orders"}, or {"grants":["read topic:orders",…]}',
  ),
  { example: { action: "read", target: "topic:orders" } },
);

export const createTicket = endpoint("POST /v1/tickets", {
  id: "createTicket",
  tag,
  summary: "Create a ticket",
  description:
    "For `EventSource` and `WebSocket` of browsers, which cannot send a header: append it to their address as `?ticket=`. It is good for one request on any node within 30 seconds, for what it names and nothing else. The stream that it opens ends with the credential of its creator.",
  headers: contentEncoding,
  body: ticketBody,
  answers: {
    201: json("The ticket.", z.object({ ticket: z.string(), expires_at: timeShape }), {
      ticket: "slt_8d2m0qxa_b0P2m0bq4hJ2sG3mX1vE8yTnZ5kR7wQcL9dF6aU0iYs",
      expires_at: "2026-11-21T10:02:41.420Z",
    }),
  },
  access: isPublic("a ticket is a part of what its creator may do, which the handler checks"),
  problems: [400, 403, 413, 415, 429, 503],
});

export const sessionBody = jsonBody(
  z.strictObject({ key: z.string().max(512).describe("An API key") }),
  { example: { key: "slk_3kf82hs0_cFk1nVJcOqm3vXhd1z3OZJw5kz7v8uJt0cWm3c2m1rE" } },
);

const setCookie = {
  "Set-Cookie": { description: "HttpOnly, SameSite=Strict, Secure under TLS", schema: z.string() },
};

export const openSession = endpoint("POST /v1/session", {
  id: "openSession",
  tag,
  summary: "Sign in",
  description:
    "Takes a key, and answers with a cookie in its place: for the pages of this gateway. The session works on every node, and ends after a day, with its key, or by `DELETE`.",
  headers: contentEncoding,
  body: sessionBody,
  answers: { 200: json("Signed in.", meShape, meExample, setCookie) },
  access: isPublic("it checks the key of its body"),
  problems: [400, 403, 413, 415, 429, 503],
});

export const closeSession = endpoint("DELETE /v1/session", {
  id: "closeSession",
  tag,
  summary: "Sign out",
  description: "Ends the session of the cookie on every node, with the streams that it has open.",
  answers: { 204: empty("Signed out, or not signed in.", setCookie) },
  access: isPublic("it ends the caller's own session"),
  problems: [403, 429, 503],
});

/** Mounted with its files by `mountPage`. */
const login = endpoint("GET /login", {
  id: "login",
  tag,
  summary: "The page to sign in on",
  answers: { 200: content("The page.", "text/html", { schema: z.string() }) },
  access: isPublic("callers sign in here"),
  problems: [503],
});

export const accessEndpoints = [
  me,
  ...keyEndpoints,
  createTicket,
  openSession,
  closeSession,
  login,
];
