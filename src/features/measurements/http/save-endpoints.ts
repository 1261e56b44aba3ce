/** `POST /save`: measurements in. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { empty, json } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { int64Shape, issueShape, positionShape } from "../../../http/endpoint/shapes.ts";
import { tagBytesMax, valuesMax } from "../measurement.ts";

/** For the document; `intake/` reads bodies by hand, and a test compares the two. */
export const measurementShape = z
  .strictObject({
    time: z
      .union([int64Shape, z.string().regex(/^-?[0-9]{1,19}$/)])
      .describe(
        "Nanoseconds since 1970, an int64; as a string where it would be rounded otherwise. At most as old as measurements are kept, at most an hour ahead.",
      ),
    tag: z
      .string()
      .min(1)
      .max(tagBytesMax)
      .describe(`The series' name: 1 to ${tagBytesMax} bytes of UTF-8 without control characters`),
    values: z.array(z.number()).min(1).max(valuesMax),
  })
  .meta({ id: "Measurement" });

const saveAnswerShape = z
  .object({
    accepted: z.int().min(1).describe("Measurements that are now durable"),
    position: positionShape.describe(
      "Position of the last accepted one in the topic `measurements`",
    ),
    refused: z.array(issueShape).describe("The first 1000 that were refused"),
    refused_more: z.int().optional().describe("Refused ones that are not listed"),
  })
  .meta({ id: "SaveAnswer" });

/** Of this start: an older one would be refused when the example is tried. */
const timeNs = `${Math.floor(Date.now() / 60_000) * 60_000}000000`;
const example = { time: timeNs, tag: "tag-1", values: [20.5, 1013.2, 0.4] };
const other = { ...example, tag: "tag-2" };

const saved = { accepted: 2, position: "8mi8wtfaq-23a", refused: [] };

export const saveMeasurements = endpoint("POST /save", {
  id: "saveMeasurements",
  tag: "Measurements",
  summary: "Save measurements",
  description:
    "The same `(tag, time)` again replaces the values, so it is harmless to send a measurement twice. Lines are taken as they come: a body of them may be of any length.",
  headers: contentEncoding,
  body: {
    isRequired: true,
    content: {
      "application/json": {
        schema: z.union([measurementShape, z.array(measurementShape).min(1)]),
        examples: {
          one: { summary: "One measurement", value: example },
          several: { summary: "Several", value: [example, other] },
        },
      },
      "application/x-ndjson": {
        schema: z.string().describe("A measurement a line; a bad line refuses that line"),
        example: `${JSON.stringify(example)}\n${JSON.stringify(other)}\n`,
      },
    },
  },
  answers: {
    200: json("All are durable.", saveAnswerShape, saved),
    204: empty("The one measurement of the body is durable."),
    207: json("Some were refused, the others are durable.", saveAnswerShape, {
      ...saved,
      refused: [
        {
          index: 1,
          field: "tag",
          code: "invalid",
          message: `Cannot use tag "": it has 0 bytes, expected 1 to ${tagBytesMax}`,
        },
      ],
    }),
  },
  problems: [400, 403, 413, 415, 429, 503],
  access: needs("append", "series", { some: "the tags of the body" }),
});
