/** Measurements out: the seed's samples, series at any width, exports, live. */
import { fills } from "../query/fill.ts";
import { aggregates } from "../query/query.ts";
import { exportFormatNames, exportFormats } from "./export-formats.ts";
import { pointsDefault, pointsMax } from "./series-params.ts";
import type {
  Content,
  Parameter,
  Paths,
  ResponseObject,
  Schema,
} from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { json, problems, sseContent } from "../../../http/openapi/responses.ts";

const tags = ["Measurements"];

/** Of this start: a fixed one would soon be older than what is kept. */
const nowMs = Math.floor(Date.now() / 60_000) * 60_000;
const startNs = `${nowMs - 3_600_000}000000`;
const endNs = `${nowMs}000000`;

const seriesTag: Parameter = {
  name: "tag",
  in: "path",
  required: true,
  description: "The series' name, percent-encoded",
  schema: { type: "string" },
  example: "tag-1",
};

// Not as int64 numbers in the examples: JavaScript would round them.
const time: Schema = { type: "number", description: "Nanoseconds since 1970, an int64" };
const values: Schema = { type: "array", items: { type: ["number", "null"] } };
const valuesOrNull: Schema = { anyOf: [values, { type: "null" }] };
const instant: Schema = {
  description: "Nanoseconds since 1970, or RFC 3339",
  anyOf: [
    { type: "string", pattern: "^-?[0-9]{1,19}$" },
    { type: "string", format: "date-time" },
  ],
};

const range: readonly Parameter[] = [
  {
    name: "start",
    in: "query",
    description: "An hour before `end` when left out",
    schema: instant,
  },
  { name: "end", in: "query", description: "Now when left out", schema: instant },
];

function seedTime(name: string, description: string, example: string): Parameter {
  const schema = { type: "string", pattern: "^-?[0-9]{1,19}$" } as const;
  return { name, in: "query", required: true, description, schema, example };
}

const samples: Schema = {
  type: "object",
  properties: {
    tagName: { type: "string" },
    start: time,
    end: time,
    samples: {
      type: "array",
      minItems: 1000,
      maxItems: 1000,
      items: {
        type: "object",
        properties: { time, values: valuesOrNull },
        required: ["time", "values"],
      },
    },
  },
  required: ["tagName", "start", "end", "samples"],
};

const series: Schema = {
  type: "object",
  properties: {
    tag: { type: "string" },
    start: time,
    end: time,
    agg: { type: "string", enum: aggregates },
    fill: { type: "string", enum: fills },
    points: {
      type: "array",
      items: {
        type: "object",
        properties: {
          time: { ...time, description: "Where the point stands; of an aggregate its end" },
          from: { ...time, description: "What it was taken from, up to but without `to`" },
          to: time,
          count: { type: "integer", description: "Measurements that it was taken from" },
          values: valuesOrNull,
        },
        required: ["time", "values"],
      },
    },
  },
  required: ["tag", "start", "end", "agg", "fill", "points"],
};

const list: Schema = {
  type: "object",
  properties: {
    series: {
      type: "array",
      items: {
        type: "object",
        properties: {
          tag: { type: "string" },
          rate: { type: "number", description: "Measurements a second, over the last minute" },
          last: {
            anyOf: [
              { type: "object", properties: { time, values }, required: ["time", "values"] },
              { type: "null" },
            ],
            description: "The newest; null when none is kept any more",
          },
        },
        required: ["tag", "rate", "last"],
      },
    },
    next: { type: ["string", "null"], description: "As `after`, gives the next page" },
  },
  required: ["series", "next"],
};

const files: Content = Object.fromEntries(
  exportFormatNames.map((name) => {
    const [type = ""] = exportFormats[name].contentType.split(";");
    return [type, { schema: { type: "string" } }];
  }),
);

const live: ResponseObject = {
  description:
    "Measurements as they come; the answer does not end by itself. `id:` is the position in the topic `measurements`: send the last one back as `Last-Event-ID`.",
  content: sseContent(
    'id:8mi8wtfaq-13a\ndata:{"time":1795255927184000000,"tag":"tag-1","values":[20.5,1013.2,0.4]}\n\n',
  ),
};

export const seriesPaths: Paths = {
  "/api": {
    get: {
      operationId: "sampleSeries",
      tags,
      summary: "1000 samples of a series",
      description:
        "Sample i of 1000 stands at start + i·(end − start)/1000 and is the last measurement at or before that instant; `values` is null before the first one.",
      parameters: [
        {
          name: "tag",
          in: "query",
          required: true,
          description: "The series' name",
          schema: { type: "string" },
          example: "tag-1",
        },
        seedTime("start", "Nanoseconds since 1970, not older than what is kept", startNs),
        seedTime("end", "At least 10 minutes later", endNs),
      ],
      responses: { "200": json("The samples.", samples), ...problems(400, 404, 429, 503) },
    },
  },
  "/v1/series": {
    get: {
      operationId: "listSeries",
      tags,
      summary: "List series",
      parameters: [
        {
          name: "prefix",
          in: "query",
          description: "Only tags that begin with it",
          schema: { type: "string" },
        },
        {
          name: "after",
          in: "query",
          description: "Only tags that sort after it, as bytes",
          schema: { type: "string" },
        },
        {
          name: "limit",
          in: "query",
          description: "Series in the page",
          schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
        },
      ],
      responses: { "200": json("Series by tag.", list), ...problems(400, 429, 503) },
    },
  },
  "/v1/series/{tag}": {
    parameters: [seriesTag],
    get: {
      operationId: "querySeries",
      tags,
      summary: "A series at any width",
      description:
        "Cells of 20 s and more have their edges on multiples of 10 s, 1 min or 10 min, except for the first and the last: each point tells its own.",
      parameters: [
        ...range,
        {
          name: "points",
          in: "query",
          description: "Points in the answer, or fewer",
          schema: { type: "integer", minimum: 1, maximum: pointsMax, default: pointsDefault },
        },
        {
          name: "agg",
          in: "query",
          description:
            "`last`: as `/api`. `min`, `max`, `mean`, `count`: of the measurements of each cell. `twa`: the mean weighted by time. `moving`: the mean over `window`. `weighted`: the mean weighted by the column `weight`. `lttb`: measurements that a line keeps its shape with.",
          schema: { type: "string", enum: aggregates, default: "last" },
        },
        {
          name: "fill",
          in: "query",
          description: "What stands where there is no value",
          schema: { type: "string", enum: fills, default: "null" },
        },
        {
          name: "columns",
          in: "query",
          description: "Only these values, from 0: `0,2`. `lttb` takes one, the first by default.",
          schema: { type: "string", pattern: "^[0-9]{1,2}(,[0-9]{1,2})*$" },
        },
        {
          name: "window",
          in: "query",
          description: "Of `agg=moving`: `90s`, `5m`, `1h`",
          schema: { type: "string", pattern: "^[0-9]{1,18}(ns|us|ms|s|m|h|d)?$" },
        },
        {
          name: "weight",
          in: "query",
          description: "Of `agg=weighted`: the value that weighs, from 0",
          schema: { type: "integer", minimum: 0, maximum: 63 },
        },
      ],
      responses: { "200": json("The points.", series), ...problems(400, 404, 429, 503) },
    },
  },
  "/v1/series/{tag}/export": {
    parameters: [seriesTag],
    get: {
      operationId: "exportSeries",
      tags,
      summary: "All measurements of a range, as a file",
      description: "Sent as it is read, however long it is.",
      parameters: [
        ...range,
        {
          name: "format",
          in: "query",
          description: "NDJSON is what `/save` takes. Parquet has time, tag and a list of values.",
          schema: { type: "string", enum: exportFormatNames, default: "ndjson" },
        },
      ],
      responses: {
        "200": { description: "The file.", content: files },
        ...problems(400, 404, 429, 503),
      },
    },
  },
  "/sse/series/{tag}": {
    parameters: [seriesTag],
    get: {
      operationId: "watchSeries",
      tags: ["Streams"],
      summary: "Watch a series",
      description: "Starts live, unless told where.",
      parameters: [parameter("startAfter"), parameter("lastEventId")],
      responses: { "200": live, ...problems(400, 404, 503) },
      "x-endless": true,
    },
  },
};
