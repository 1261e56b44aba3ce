/** Copies: jobs that send records of one topic to another one. */

import { z } from "zod";
import { textCharsMax, whereCharsMax } from "../../../core/filter/record-filter.ts";
import { parseName } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { json, jsonBody } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { optional, parameter } from "../../../http/endpoint/parameter.ts";
import { countShape, nameShape, positionShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { copyStates } from "../copy.ts";

const tag = "Topics";

const rateMax = 10_000;
const rateShape = z.int().min(1).max(rateMax).describe("Records a second at most");

const filterMembers = {
  key: z.string().max(512).optional().describe("Only the records of this key"),
  where: z
    .string()
    .max(whereCharsMax)
    .optional()
    .describe("Only those that this CEL expression is true for"),
  text: z.string().max(textCharsMax).optional().describe("Only those that contain this text"),
};

export const copyBody = jsonBody(
  z
    .strictObject({
      copy: nameShape
        .optional()
        .describe("An id for the job: a retry with the same one creates no second job"),
      to: nameShape.describe(
        "The topic that gets the records; the same topic only with a filter or a range",
      ),
      after: z
        .union([positionShape, z.literal("earliest")])
        .default("earliest")
        .describe("The records after this position"),
      until: positionShape
        .optional()
        .describe(
          "Up to and including this position; left out: the newest record that there is now",
        ),
      ...filterMembers,
      rate: rateShape.default(100),
      dry_run: z.boolean().default(false).describe("Only count"),
    })
    .meta({ id: "CopyRequest" }),
  { example: { copy: "orders-again", to: "again", rate: 1 } },
);

const copyShape = z
  .object({
    copy: z.string().describe("The job's id"),
    from: nameShape,
    to: nameShape,
    after: positionShape,
    until: positionShape,
    ...filterMembers,
    rate: rateShape,
    state: z
      .enum(copyStates)
      .describe("`failed`: somebody has to change something before it can be resumed"),
    position: positionShape.describe("Everything up to here is dealt with"),
    read: countShape.describe("Records that were looked at"),
    matched: countShape,
    sent: countShape,
    refused: countShape.describe("Records that the target refused: they are not sent"),
    last_refusal: z.string().nullable(),
    failure: z.string().nullable(),
    created_at: timeShape,
    changed_at: timeShape,
  })
  .meta({ id: "Copy" });

const copyExample = {
  copy: "orders-again",
  from: "orders",
  to: "again",
  after: "8mi8wtfaq-0",
  until: "8mi8wtfaq-23a",
  rate: 50,
  state: "running" as const,
  position: "8mi8wtfaq-10",
  read: 36,
  matched: 36,
  sent: 36,
  refused: 0,
  last_refusal: null,
  failure: null,
  created_at: "2026-11-21T10:02:11.920Z",
  changed_at: "2026-11-21T10:02:12.920Z",
};

const previewShape = z
  .object({
    read: countShape.describe("Records that were looked at"),
    matched: countShape.describe("Those of them that would be sent"),
    refused: countShape.describe("Those that the target would refuse now"),
    last_refusal: z.string().nullable(),
    position: positionShape.describe("Everything up to here was looked at"),
    whole: z.boolean().describe("false: the time for counting was over; there may be more"),
  })
  .meta({ id: "CopyPreview" });

const rights = { handler: "the topic that is read, and the one that gets the records" } as const;

export const createCopy = endpoint("POST /v1/topics/{topic}/copies", {
  id: "createCopy",
  tag,
  summary: "Send records again, to another topic",
  description:
    "A job of the gateway. It sends each record once, whatever is killed meanwhile, and deletes nothing. Records keep their key, headers and producer's time; the header `sluice-copied-from` has the topic and the position that each is from. It needs the right to read the topic and to append to the other one, for as long as it runs.",
  params: {
    topic: parameter("The topic that is read", nameShape, parseName, "orders"),
  },
  headers: contentEncoding,
  body: copyBody,
  access: needs("read", "topic", rights),
  answers: {
    200: json("With `dry_run`: what would be sent.", previewShape, {
      read: 212,
      matched: 212,
      refused: 0,
      last_refusal: null,
      position: "8mi8wtfaq-23a",
      whole: true,
    }),
    201: json("The job, which begins within a second.", copyShape, copyExample),
  },
  problems: [400, 403, 404, 409, 413, 415, 429, 503],
});

export const listCopies = endpoint("GET /v1/copies", {
  id: "listCopies",
  tag,
  summary: "List copies",
  description:
    "The newest first, 1,000 at most, of topics that the caller may read. Those that ended are listed for a week.",
  query: {
    topic: optional(parameter("Only those that read this topic", nameShape, parseName)),
  },
  access: needs("read", "topic", { some: "the topics that are read" }),
  answers: {
    200: json("Jobs.", z.object({ copies: z.array(copyShape) }), { copies: [copyExample] }),
  },
  problems: [400, 503],
});

const copyId = { copy: parameter("The job", nameShape, parseName, copyExample.copy) };

export const readCopy = endpoint("GET /v1/copies/{copy}", {
  id: "readCopy",
  tag,
  summary: "How far a copy has come",
  params: copyId,
  access: needs("read", "topic", rights),
  answers: { 200: json("The job.", copyShape, copyExample) },
  problems: [404, 503],
});

export const changeBody = jsonBody(
  z
    .strictObject({
      state: z.enum(["running", "paused", "cancelled"]),
      rate: rateShape.optional(),
    })
    .meta({ id: "CopyChange" }),
  { example: { state: "paused" } },
);

export const changeCopy = endpoint("PUT /v1/copies/{copy}", {
  id: "changeCopy",
  tag,
  summary: "Pause, resume or cancel a copy",
  description:
    "What is being sent at the moment is finished. A copy that is resumed goes on after the last record that it dealt with.",
  params: copyId,
  headers: contentEncoding,
  body: changeBody,
  access: needs("read", "topic", rights),
  answers: { 200: json("The job.", copyShape, { ...copyExample, state: "paused" }) },
  problems: [400, 403, 404, 409, 413, 415, 429, 503],
});

export const copyEndpoints = [createCopy, listCopies, readCopy, changeCopy];
