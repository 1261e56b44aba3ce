/** Measurements out: samples, series at any width, exports, live. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { type Content, json, jsonBody } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit } from "../../../http/endpoint/paging.ts";
import {
  choice,
  count,
  flag,
  optional,
  parameter,
  text,
  withDefault,
} from "../../../http/endpoint/parameter.ts";
import { int64Shape } from "../../../http/endpoint/shapes.ts";
import { lastEventId, startQuery } from "../../../http/endpoint/starting.ts";
import { sse } from "../../../http/endpoint/streams.ts";
import { tagBytesMax, valuesMax } from "../measurement.ts";
import { fills } from "../query/fill.ts";
import { aggregates } from "../query/query.ts";
import { pausesOf, recentBuckets } from "../query/recent.ts";
import { seriesOrders } from "../series-port.ts";
import { exportFormatNames, exportFormats } from "./export-formats.ts";
import {
  parseAggregate,
  parseColumns,
  parseDuration,
  parseInstant,
  parseTag,
  parseTagPart,
} from "./series-params.ts";

const tag = "Measurements";

export const pointsDefault = 500;
export const pointsMax = 10_000;
/** Samples of every answer of `/api`. */
export const sampleCount = 1000;

/** Of this start: a fixed one would soon be older than what is kept. */
const nowMs = Math.floor(Date.now() / 60_000) * 60_000;
const startNs = `${nowMs - 3_600_000}000000`;
const endNs = `${nowMs}000000`;

/** Rows that a screen shows, and those that it shows next. */
const recentTagsMax = 100;

const tagShape = z.string().min(1).max(tagBytesMax);

const seriesTag = {
  tag: parameter("The series' name, percent-encoded", tagShape, parseTag, "tag-1"),
};

const readsTag = needs("read", "series", { param: "tag" });

const int64TextShape = z.string().regex(/^-?[0-9]{1,19}$/);

const timeShape = int64Shape.describe("Nanoseconds since 1970, an int64");
const valuesShape = z.array(z.number().nullable());

const relativeShape = z.string().regex(/^-[0-9]{1,18}(ns|us|ms|s|m|h|d)$/);

function instant(description: string, example?: string) {
  const shape = z
    .union([int64TextShape, z.string().meta({ format: "date-time" }), relativeShape])
    .describe("Nanoseconds since 1970, RFC 3339, or relative to now: `-90s`, `-1h`, `-7d`");
  return parameter(description, shape, parseInstant, example);
}

const range = {
  start: optional(instant("An hour before `end` when left out")),
  end: optional(instant("Now when left out")),
};

const samplesShape = z.object({
  tagName: z.string(),
  start: timeShape,
  end: timeShape,
  samples: z
    .array(z.object({ time: timeShape, values: valuesShape.nullable() }))
    .min(sampleCount)
    .max(sampleCount),
});

const seriesShape = z.object({
  tag: z.string(),
  start: timeShape,
  end: timeShape,
  now: int64Shape.describe("The gateway's clock, in nanoseconds since 1970"),
  queryable_until: int64Shape.describe("What the gateway received before this is in the answer"),
  agg: z.enum(aggregates),
  fill: z.enum(fills),
  points: z.array(
    z.object({
      time: int64Shape.describe("Time of the point; of an aggregate its end"),
      at: int64Shape.nullish().describe("With `last`: the time of the measurement itself"),
      from: int64Shape.optional().describe("What it was taken from, up to but without `to`"),
      to: int64Shape.optional().describe("Nanoseconds since 1970, an int64"),
      count: z.int().optional().describe("Measurements that it was taken from"),
      values: valuesShape.nullable(),
    }),
  ),
  band: z
    .array(
      z.object({
        from: timeShape,
        to: timeShape,
        count: z.int().describe("Measurements in the cell"),
        min: valuesShape.nullable(),
        max: valuesShape.nullable(),
      }),
    )
    .optional()
    .describe("With `band=true`: the smallest and largest value of each cell of the range"),
});

const listedShape = z.object({
  tag: z.string(),
  rate: z.number().describe("Measurements a second, over the last minute"),
  last: z
    .object({ time: timeShape, values: valuesShape })
    .nullable()
    .describe("The newest; null when none is kept any more"),
});

const nowShape = int64Shape.describe("The gateway's clock, in nanoseconds since 1970");

const listShape = z.object({
  now: nowShape,
  series: z.array(listedShape),
  next: z.string().nullable().describe("As `after`, gives the next page"),
});

const recentShape = z.object({
  now: nowShape,
  start: timeShape.describe("Where the counts begin"),
  end: timeShape,
  width: int64Shape.describe("Nanoseconds of one count"),
  series: z.array(
    listedShape.extend({
      counts: z.array(z.int()).length(recentBuckets).describe("Measurements, oldest first"),
      pauses: z
        .object({ p50: int64Shape, p99: int64Shape })
        .nullable()
        .describe(
          `Nanoseconds between the newest ${pausesOf} measurements; null for fewer than two`,
        ),
    }),
  ),
});

export const recentBody = jsonBody(
  z.strictObject({
    tags: z
      .array(z.string().max(tagBytesMax))
      .min(1)
      .max(recentTagsMax)
      .describe("Series; those that the caller may not read are left out of the answer"),
  }),
  { example: { tags: ["tag-1"] } },
);

const files: Content = Object.fromEntries(
  exportFormatNames.map((name) => {
    const [type = ""] = exportFormats[name].contentType.split(";");
    return [type, { schema: z.string() }];
  }),
);

export const sampleSeries = endpoint("GET /api", {
  id: "sampleSeries",
  tag,
  summary: "1000 samples of a series",
  description:
    "Sample i of 1000 is at start + i·(end − start)/1000: the last measurement at or before that instant; `values` is null before the first one.",
  query: {
    tag: parameter("The series' name", tagShape, parseTag, "tag-1"),
    start: instant("Not older than what is kept", startNs),
    end: instant("At least 10 minutes later", endNs),
  },
  answers: { 200: json("The samples.", samplesShape) },
  problems: [400, 404, 429, 503],
  access: readsTag,
});

export const listSeries = endpoint("GET /v1/series", {
  id: "listSeries",
  tag,
  summary: "List series",
  description: "Those that the caller may read.",
  query: {
    prefix: optional(parameter("Only tags that begin with it", z.string(), parseTagPart)),
    q: optional(
      parameter(
        "Only tags that it is somewhere in; ASCII letters match in either case",
        z.string(),
        parseTagPart,
      ),
    ),
    sort: withDefault(
      choice(
        "By tag, as bytes; by `rate`, the highest first; `silent`: the longest silence first. The last two are as new as the last rollup, which is up to 16 s old.",
        seriesOrders,
      ),
      "tag",
    ),
    after: optional(text("The `next` of an earlier answer; by tag, any text that tags come after")),
    limit: pageLimit("Series in the page"),
  },
  answers: { 200: json("Series.", listShape) },
  problems: [400, 429, 503],
  access: needs("read", "series", { some: "those that are listed" }),
});

export const recentSeries = endpoint("POST /v1/series-recent", {
  id: "recentSeries",
  tag,
  summary: "What some series have done in the last ten minutes",
  description:
    "For the rows of a list that are visible: their rates, newest measurements and usual pauses. Tags that do not exist are left out.",
  body: recentBody,
  headers: contentEncoding,
  answers: { 200: json("In the order of the request.", recentShape) },
  problems: [400, 413, 415, 429, 503],
  access: needs("read", "series", { some: "those of the body" }),
});

const seriesQuery = {
  ...range,
  points: withDefault(
    count("Points in the answer, or fewer", { min: 1, max: pointsMax }),
    pointsDefault,
  ),
  agg: withDefault(
    parameter(
      "`last`: as `/api`. `min`, `max`, `mean`, `count`: of the measurements of each cell. `avg` is `mean`. `twa`: the mean weighted by time. `moving`: the mean over `window`. `weighted`: the mean weighted by the column `weight`. `lttb`: measurements that a line keeps its shape with.",
      z.enum([...aggregates, "avg"]),
      parseAggregate,
    ),
    "last",
  ),
  fill: withDefault(choice("What is given where there is no value", fills), "null"),
  columns: optional(
    parameter(
      "Only these values, from 0: `0,2`. `lttb` takes one, the first by default.",
      z.string().regex(/^[0-9]{1,2}(,[0-9]{1,2})*$/),
      parseColumns,
    ),
  ),
  window: optional(
    parameter(
      "With `agg=moving`: `90s`, `5m`, `1h`",
      z.string().regex(/^0*[1-9][0-9]{0,17}(ns|us|ms|s|m|h|d)?$/),
      parseDuration,
    ),
  ),
  band: flag("Whether to answer the smallest and largest value of each cell as well"),
  weight: optional(
    count("With `agg=weighted`: the value that weighs, from 0", { max: valuesMax - 1 }),
  ),
};

const querying = {
  tag,
  description:
    "Cells of 20 s and more have their edges on multiples of 10 s, 1 min or 10 min, except for the first and the last: each point names its own.",
  answers: { 200: json("The points.", seriesShape) },
  problems: [400, 404, 429, 503],
  access: readsTag,
} as const;

export const querySeries = endpoint("GET /v1/series/{tag}", {
  ...querying,
  id: "querySeries",
  summary: "A series at any width",
  params: seriesTag,
  query: seriesQuery,
});

/** Some proxies decode what a path has: a tag with a slash would lead elsewhere. */
export const querySamples = endpoint("GET /v1/samples", {
  ...querying,
  id: "querySamples",
  summary: "The same, with the tag in the query",
  query: { ...seriesTag, ...seriesQuery },
});

const exportQuery = {
  ...range,
  format: withDefault(
    choice(
      "NDJSON is what `/save` takes. Parquet has time, tag and a list of values.",
      exportFormatNames,
    ),
    "ndjson",
  ),
};

const exporting = {
  tag,
  description: "Sent as it is read, however long it is.",
  answers: { 200: { description: "The file.", content: files } },
  problems: [400, 404, 429, 503],
  access: readsTag,
} as const;

export const exportSeries = endpoint("GET /v1/series/{tag}/export", {
  ...exporting,
  id: "exportSeries",
  summary: "All measurements of a range, as a file",
  params: seriesTag,
  query: exportQuery,
});

export const exportMeasurements = endpoint("GET /v1/measurements", {
  ...exporting,
  id: "exportMeasurements",
  summary: "The same, with the tag in the query",
  query: { ...seriesTag, ...exportQuery },
});

export const watchSeries = endpoint("GET /sse/series/{tag}", {
  id: "watchSeries",
  tag: "Streams",
  summary: "Watch a series",
  description: "Starts live, unless told where.",
  params: seriesTag,
  query: { after: startQuery.after, lastEventId: startQuery.lastEventId },
  headers: lastEventId,
  answers: {
    200: sse(
      "Measurements as they come; the answer does not end on its own. `id:` is the position in the topic `measurements`: send the last one back as `Last-Event-ID`.",
      'id:8mi8wtfaq-23a\ndata:{"time":1795255927184000000,"tag":"tag-1","values":[20.5,1013.2,0.4]}\n\n',
    ),
  },
  problems: [400, 404, 503],
  access: readsTag,
});

export const seriesEndpoints = [
  sampleSeries,
  listSeries,
  recentSeries,
  querySeries,
  querySamples,
  exportSeries,
  exportMeasurements,
  watchSeries,
];
