/** `/v1/ack-rules`: one ack for each id that was seen everywhere. */
import { keepMsDefault, placesMax } from "../rule.ts";
import type { Parameter, Paths, Schema } from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { eventStream, json, problems } from "../../../http/openapi/responses.ts";
import { ref } from "../../../http/openapi/schemas.ts";
import { switched } from "../../../http/openapi/sockets.ts";

const tags = ["Ack rules"];

const name: Parameter = {
  name: "name",
  in: "path",
  required: true,
  description: "The rule's name",
  schema: ref("Name"),
  example: "orders",
};

const start = [parameter("startAfter"), parameter("tail")];

const places: Readonly<Record<string, Schema>> = {
  topics: {
    type: "array",
    items: ref("Name"),
    minItems: 1,
    maxItems: placesMax,
    description: "An id is complete once a record of each of them has it",
  },
  id: {
    description: "Where a record's id is",
    default: { pointer: "/message_id" },
    oneOf: [
      object({ key: { type: "boolean", description: "`true`: the record's key" } }, "key"),
      object({ pointer: { type: "string", description: "A JSON Pointer" } }, "pointer"),
      object({ field: { type: "string", description: "A path such as `watch.id`" } }, "field"),
    ],
  },
  events: {
    type: "array",
    items: { type: "string" },
    minItems: 1,
    maxItems: placesMax,
    description: "In place of `topics`: lifecycle events that a message has to have",
  },
  app_id: { type: "string", description: "Beside `events`: those of this application alone" },
};

const terms: Readonly<Record<string, Schema>> = {
  output: { ...ref("Name"), description: "The topic that acks are appended to" },
  deadline_ms: {
    type: "integer",
    minimum: 1,
    description:
      "An id that is not complete this long after its first sighting is overdue; left out: it may take any time",
  },
  keep_ms: {
    type: "integer",
    minimum: 1000,
    default: keepMsDefault,
    description:
      "How long an id is remembered after its last sighting, or its deadline: until then it is not acknowledged again",
  },
  from: {
    type: "string",
    enum: ["now", "earliest"],
    default: "now",
    description: "Whether the rule sees what its topics held when it was made",
  },
};

const rule: Schema = {
  ...object({ name: ref("Name"), ...places, ...terms, created_at: ref("Time") }),
  required: ["name", "output", "keep_ms", "from", "created_at"],
};

const count: Schema = { type: "integer", minimum: 0 };
const delay: Schema = { type: ["number", "null"], description: "Milliseconds, within 3 %" };

const stats = object({
  complete: { ...count, description: "Ids acknowledged, ever" },
  late: { ...count, description: "Of these, after their deadline" },
  open: { ...count, description: "Ids that are not seen everywhere yet" },
  overdue: { ...count, description: "Ids that are not, and should be" },
  forgotten: { ...count, description: "Ids that never were, and are not kept any longer" },
  duplicates: { ...count, description: "Sightings of what had been seen there already" },
  without_id: { ...count, description: "Records in which no id was found" },
  delay_ms: object({ p50: delay, p90: delay, p99: delay }, "p50", "p90", "p99"),
  overdue_ids: {
    type: "array",
    items: { type: "string" },
    description: "The 100 that are overdue for longest",
  },
});

const message: Schema = {
  ...object({
    message_id: { type: "string" },
    state: { type: "string", enum: ["unseen", "open", "overdue", "complete"] },
    missing: { type: "array", items: { type: "string" }, description: "Topics, or events" },
    seen: {
      type: "object",
      additionalProperties: ref("Time"),
      description: "When the first sighting in each topic (or of each event) was received",
    },
    overdue_since: ref("Time"),
  }),
  required: ["message_id", "state", "missing", "seen"],
};

const ruleExample = {
  name: "orders",
  topics: ["orders", "payments", "shipments"],
  id: { pointer: "/message_id" },
  output: "ack",
  deadline_ms: 60_000,
  keep_ms: keepMsDefault,
  from: "now",
  created_at: "2026-11-21T10:02:11.420Z",
};

const overdueExample = {
  message_id: "m-2041",
  state: "overdue",
  missing: ["shipments"],
  seen: { orders: "2026-11-21T10:02:11.931071Z", payments: "2026-11-21T10:02:11.959506Z" },
  overdue_since: "2026-11-21T10:03:11.931Z",
};

export const ackRulePaths: Paths = {
  "/v1/ack-rules": {
    get: {
      operationId: "listAckRules",
      tags,
      summary: "List ack rules",
      responses: {
        "200": json(
          "All of them, by name.",
          object({ ack_rules: { type: "array", items: rule } }, "ack_rules"),
          { ack_rules: [ruleExample] },
        ),
        ...problems(503),
      },
    },
  },
  "/v1/ack-rules/{name}": {
    parameters: [name],
    put: {
      operationId: "makeAckRule",
      tags,
      summary: "Make an ack rule",
      description:
        "Once an id has been seen in all topics (or with all events), exactly one ack is appended to the output topic, under the id as its key. Idempotent.",
      parameters: [parameter("contentEncoding")],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: { ...object({ ...places, ...terms }), required: ["output"] },
            example: {
              topics: ["orders", "payments", "shipments"],
              output: "ack",
              deadline_ms: 60_000,
            },
          },
        },
      },
      responses: {
        "201": json("It is made.", rule, ruleExample),
        "200": json("It stands already, with this very configuration.", rule, ruleExample),
        ...problems(400, 409, 413, 415, 429, 503),
      },
    },
    get: {
      operationId: "describeAckRule",
      tags,
      summary: "Describe an ack rule",
      responses: { "200": json("The rule.", rule, ruleExample), ...problems(400, 404, 503) },
    },
    delete: {
      operationId: "removeAckRule",
      tags,
      summary: "Remove an ack rule and what it has seen",
      description: "Its output topics stay.",
      responses: { "204": { description: "It is gone." }, ...problems(400, 404, 503) },
    },
  },
  "/v1/ack-rules/{name}/stats": {
    parameters: [name],
    get: {
      operationId: "ackRuleStats",
      tags,
      summary: "Its figures",
      description: "`delay_ms` is from an id's last sighting to its ack.",
      responses: {
        "200": json("As of now.", stats, {
          complete: 2431,
          late: 3,
          open: 17,
          overdue: 1,
          forgotten: 0,
          duplicates: 12,
          without_id: 0,
          delay_ms: { p50: 2.43, p90: 6.67, p99: 21.7 },
          overdue_ids: ["m-2041"],
        }),
        ...problems(400, 404, 503),
      },
    },
  },
  "/v1/ack-rules/{name}/overdue": {
    parameters: [name],
    get: {
      operationId: "listOverdue",
      tags,
      summary: "Overdue ids, and what they miss",
      description: "Those that are overdue for longest come first.",
      parameters: [
        parameter("limit"),
        {
          name: "after",
          in: "query",
          description: "The `next` of an earlier answer",
          schema: { type: "string" },
        },
      ],
      responses: {
        "200": json(
          "A page.",
          object(
            {
              overdue: { type: "array", items: message },
              next: {
                type: ["string", "null"],
                description: "As `after`, gives those that follow",
              },
            },
            "overdue",
            "next",
          ),
          { overdue: [overdueExample], next: null },
        ),
        ...problems(400, 404, 503),
      },
    },
  },
  "/v1/ack-rules/{name}/messages/{id}": {
    parameters: [
      name,
      {
        name: "id",
        in: "path",
        required: true,
        description: "The message's id",
        schema: { type: "string" },
        example: "m-2041",
      },
    ],
    get: {
      operationId: "ackRuleMessage",
      tags,
      summary: "What a rule knows of one id",
      responses: {
        "200": json("Where it was seen, and where not.", message, overdueExample),
        ...problems(400, 404, 503),
      },
    },
  },
  "/sse/ack-rules/{name}/overdue": {
    parameters: [name],
    get: {
      operationId: "watchOverdue",
      tags,
      summary: "Watch what gets overdue",
      description:
        '`data:` is `{"rule","message_id","state","missing","seen"}`; `state` is `overdue`, `resolved` once an overdue id is complete, or `forgotten` when it is kept no longer.',
      parameters: [...start, parameter("lastEventId")],
      responses: { "200": eventStream, ...problems(400, 404, 503) },
      "x-endless": true,
    },
  },
  "/ws/ack-rules/{name}/overdue": {
    parameters: [name],
    get: {
      operationId: "watchOverdueBySocket",
      tags,
      summary: "Watch what gets overdue, on a WebSocket",
      description: "Its messages are those of a subscription on `/v1/ws`.",
      parameters: start,
      responses: { "101": switched, ...problems(400, 403, 404, 503) },
      "x-endless": true,
    },
  },
};

function object(properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema {
  return required.length === 0
    ? { type: "object", properties }
    : { type: "object", properties, required };
}
