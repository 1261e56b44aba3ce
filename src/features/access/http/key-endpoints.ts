/** `/v1/keys`: who may call this gateway. */

import { z } from "zod";
import { parseName } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { empty, json, jsonBody } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit } from "../../../http/endpoint/paging.ts";
import { optional, parameter, shortText, withDefault } from "../../../http/endpoint/parameter.ts";
import { nameShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { grantShape, keyGrantsMax } from "./grant-shape.ts";

const tag = "Access";
const manageKeys = needs("manage", "node", { name: "keys" });

const keyShape = z.object({
  id: z.string().describe("The visible part of the key"),
  name: nameShape,
  grants: z.array(grantShape),
  created_at: timeShape,
  created_by: z.string().describe("The principal that created it"),
  expires_at: timeShape.nullable().describe("null: it does not expire"),
  last_used_at: timeShape.nullable().describe("To the minute; null: not used yet"),
});

const keyExample = {
  id: "3kf82hs0",
  name: "orders-producer",
  grants: ["append topic:orders.*"],
  created_at: "2026-11-21T10:02:11.420Z",
  created_by: "key:9x0qv2mm",
  expires_at: "2036-11-21T10:02:11.420Z",
  last_used_at: null,
};

const keyParameter = {
  key: { ...shortText("The key's id, or its name", 200), example: "orders-producer" },
};

export const keyBody = jsonBody(
  z.strictObject({
    name: nameShape.describe("For people: no other key may have it"),
    grants: z.array(grantShape).min(1).max(keyGrantsMax),
    expires_at: timeShape.optional().describe("Left out: it does not expire"),
  }),
  {
    example: {
      name: "orders-producer",
      grants: ["append topic:orders.*"],
      expires_at: "2036-11-21T10:02:11.420Z",
    },
  },
);

export const createKey = endpoint("POST /v1/keys", {
  id: "createKey",
  tag,
  summary: "Create an API key",
  description:
    "The answer is the only time that the key is shown. Nobody can grant more than they have. The first key of an open gateway closes it: it must have `manage node:keys` and not expire.",
  headers: contentEncoding,
  body: keyBody,
  answers: {
    201: json(
      "It is created, and works on every node within a second.",
      keyShape.extend({
        key: z.string().describe("The secret: send it as `Authorization: Bearer …`"),
      }),
      { ...keyExample, key: "slk_3kf82hs0_cFk1nVJcOqm3vXhd1z3OZJw5kz7v8uJt0cWm3c2m1rE" },
    ),
  },
  access: manageKeys,
  problems: [400, 403, 409, 413, 415, 429, 503],
});

export const listKeys = endpoint("GET /v1/keys", {
  id: "listKeys",
  tag,
  summary: "List API keys",
  description: "By name, without their secrets, which the gateway does not have.",
  query: {
    q: withDefault(shortText("Part of the name or of the id, in any case of letters", 200), ""),
    after: optional(
      parameter(
        "The keys whose names come after this one: the `next` of an earlier answer",
        nameShape,
        parseName,
      ),
    ),
    limit: pageLimit("Keys in the page"),
  },
  answers: {
    200: json(
      "A page.",
      z.object({
        keys: z.array(keyShape),
        next: nameShape.nullable().describe("As `after`, gives those that follow"),
      }),
      { keys: [keyExample], next: null },
    ),
  },
  access: manageKeys,
  problems: [400, 403, 503],
});

export const describeKey = endpoint("GET /v1/keys/{key}", {
  id: "describeKey",
  tag,
  summary: "Describe an API key",
  params: keyParameter,
  answers: { 200: json("The key, without its secret.", keyShape, keyExample) },
  access: manageKeys,
  problems: [400, 403, 404, 503],
});

export const revokeKey = endpoint("DELETE /v1/keys/{key}", {
  id: "revokeKey",
  tag,
  summary: "Revoke an API key",
  description:
    "It stops working on every node within a second. Its sessions and its open streams end with `unauthenticated`.",
  params: keyParameter,
  answers: { 204: empty("It is revoked.") },
  access: manageKeys,
  problems: [400, 403, 404, 409, 503],
});

export const keyEndpoints = [createKey, listKeys, describeKey, revokeKey];
