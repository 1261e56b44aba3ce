/** Measurements in: `/save`, and the writing half of InfluxDB's API. */
import type { MediaType, Paths, ResponseObject, Schema } from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { json, problems } from "../../../http/openapi/responses.ts";
import { ref } from "../../../http/openapi/schemas.ts";

const tags = ["Measurements"];

/** Of this start: an older one would be refused by whoever tries the example. */
const timeNs = `${Math.floor(Date.now() / 60_000) * 60_000}000000`;
const example = { time: timeNs, tag: "tag-1", values: [20.5, 1013.2, 0.4] };

const bodies = {
  "application/json": {
    schema: {
      anyOf: [ref("Measurement"), { type: "array", items: ref("Measurement"), minItems: 1 }],
    },
    examples: {
      one: { summary: "One measurement", value: example },
      several: { summary: "Several", value: [example, { ...example, tag: "tag-2" }] },
    },
  },
  "application/x-ndjson": {
    schema: { type: "string", description: "A measurement a line; a bad line refuses that line" },
    example: `${JSON.stringify(example)}\n${JSON.stringify({ ...example, tag: "tag-2" })}\n`,
  },
} as const satisfies Record<string, MediaType>;

const saved = { accepted: 2, position: "8mi8wtfaq-13a", refused: [] };

const influxTags = {
  "text/plain": {
    schema: { type: "string", description: "Line protocol" },
    example: "cpu,host=a usage=0.5,idle=99i\nweather v0=20.5,v1=1013.2\n",
  },
} as const satisfies Record<string, MediaType>;

function precision(units: readonly string[]) {
  return {
    name: "precision",
    in: "query",
    description: "The unit of the lines' times",
    schema: { type: "string", enum: units, default: "ns" },
  } as const;
}

function ignored(name: string) {
  return {
    name,
    in: "query",
    description: "Taken for the clients' sake: measurements have one space of tags",
    schema: { type: "string" },
  } as const;
}

function influxAnswers(error: Schema) {
  const failed = (description: string): ResponseObject => json(description, error);
  return {
    "204": { description: "All lines are durable." },
    "400": failed(
      "Some or all lines were refused; the message names each. The others are durable.",
    ),
    "413": failed("The body is past its limit."),
    "415": failed("The content encoding cannot be read."),
    "429": failed("Too much is under way: try again after `Retry-After`."),
    "503": failed("The log is away: try again after `Retry-After`."),
    ...problems(),
  };
}

function text(...names: readonly string[]): Schema {
  const properties = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]));
  return { type: "object", properties, required: names };
}

export const measurementPaths: Paths = {
  "/save": {
    post: {
      operationId: "saveMeasurements",
      tags,
      summary: "Save measurements",
      description:
        "The same `(tag, time)` again replaces the values, so that to send a measurement twice is harmless. Lines are taken as they come: a body of them may be of any length.",
      parameters: [parameter("contentEncoding")],
      requestBody: { required: true, content: bodies },
      responses: {
        "200": json("All are durable.", ref("SaveAnswer"), saved),
        "204": { description: "The one measurement of the body is durable." },
        "207": json("Some were refused, the others are durable.", ref("SaveAnswer"), {
          ...saved,
          refused: [
            {
              index: 1,
              field: "tag",
              code: "invalid",
              message: 'Cannot use tag "": it has 0 bytes, expected 1 to 64',
            },
          ],
        }),
        ...problems(400, 403, 413, 415, 429, 503),
      },
    },
  },
  "/api/v2/write": {
    post: {
      operationId: "influxWrite",
      tags,
      summary: "Write line protocol, as to InfluxDB 2",
      description:
        "A field is a tag of its own, `cpu,host=a:usage`; a field set of nothing but `value`, or of `v0` … `vN`, is the values of the tag `cpu,host=a`.",
      parameters: [
        ignored("org"),
        ignored("bucket"),
        precision(["ns", "us", "ms", "s"]),
        parameter("contentEncoding"),
      ],
      requestBody: { required: true, content: influxTags },
      responses: influxAnswers(text("code", "message")),
    },
  },
  "/write": {
    post: {
      operationId: "influxWrite1",
      tags,
      summary: "Write line protocol, as to InfluxDB 1",
      parameters: [
        ignored("db"),
        precision(["ns", "n", "us", "u", "ms", "s", "m", "h"]),
        parameter("contentEncoding"),
      ],
      requestBody: { required: true, content: influxTags },
      responses: influxAnswers(text("error")),
    },
  },
  "/ping": {
    get: {
      operationId: "influxPing",
      tags,
      summary: "Whether there is an InfluxDB, as its clients ask",
      responses: { "204": { description: "What writes to one can write here." }, ...problems() },
    },
  },
  "/health": {
    get: {
      operationId: "influxHealth",
      tags,
      summary: "The same, as clients of InfluxDB 2 ask",
      responses: {
        "200": json(
          "What writes to one can write here.",
          text("name", "message", "status", "version"),
        ),
        ...problems(),
      },
    },
  },
};
