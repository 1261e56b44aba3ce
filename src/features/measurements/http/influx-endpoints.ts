/** The writing half of InfluxDB's HTTP API, with answers in its own forms. */

import { z } from "zod";
import { Failure, quoted } from "../../../core/failure.ts";
import { isPublic, needs } from "../../../http/access.ts";
import { type Answers, type Body, empty, json } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { optional, parameter, text } from "../../../http/endpoint/parameter.ts";

const tag = "Measurements";

const unitsNs: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["n", 1n],
  ["us", 1_000n],
  ["u", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

/** The unit in nanoseconds. Both versions take the units of both. */
export function parseUnit(given: string): bigint {
  const unit = unitsNs.get(given === "" ? "ns" : given);
  if (unit !== undefined) return unit;
  throw new Failure("invalid", `Cannot use precision ${quoted(given)}: expected ns, us, ms or s`);
}

function precision(units: readonly string[]) {
  const schema = z.enum(units).default("ns");
  return optional(parameter("The unit of the lines' times", schema, parseUnit));
}

function ignored() {
  return optional(text("Taken for the clients' sake: measurements have one space of tags"));
}

const body: Body = {
  // Without one there is nothing to write, which InfluxDB takes as well.
  isRequired: false,
  content: {
    "text/plain": {
      schema: z.string().describe("Line protocol"),
      example: "cpu,host=a usage=0.5,idle=99i\nweather v0=20.5,v1=1013.2\n",
    },
  },
};

function writeAnswers(error: z.ZodType): Answers {
  return {
    204: empty("All lines are durable."),
    400: json(
      "Some or all lines were refused; the message names each. The others are durable.",
      error,
    ),
    401: json("The credential is missing or wrong.", error),
    403: json("Its grants name no tag of the lines.", error),
    413: json("The body is past its limit.", error),
    415: json("The content encoding cannot be read.", error),
    429: json("Overloaded: retry after `Retry-After`.", error),
    503: json("The log is unavailable: retry after `Retry-After`.", error),
  };
}

const access = needs("append", "series", { some: "the tags of the lines" });
const isProbe = isPublic("clients ask before they have a credential, and it names nothing");

export const influxWrite = endpoint("POST /api/v2/write", {
  id: "influxWrite",
  tag,
  summary: "Write line protocol, as to InfluxDB 2",
  description:
    "Each field becomes a tag, `cpu,host=a:usage`; a field set of nothing but `value`, or of `v0` … `vN`, is the values of the tag `cpu,host=a`.",
  query: {
    org: ignored(),
    orgID: ignored(),
    bucket: ignored(),
    precision: precision(["ns", "us", "ms", "s"]),
  },
  headers: contentEncoding,
  body,
  answers: writeAnswers(z.object({ code: z.string(), message: z.string() })),
  access,
});

export const influxWrite1 = endpoint("POST /write", {
  id: "influxWrite1",
  tag,
  summary: "Write line protocol, as to InfluxDB 1",
  query: {
    db: ignored(),
    rp: ignored(),
    consistency: ignored(),
    u: ignored(),
    p: ignored(),
    precision: precision([...unitsNs.keys()]),
  },
  headers: contentEncoding,
  body,
  answers: writeAnswers(z.object({ error: z.string() })),
  access,
});

export const influxPing = endpoint("GET /ping", {
  id: "influxPing",
  tag,
  summary: "Whether there is an InfluxDB, as its clients ask",
  query: { verbose: ignored(), wait_for_leader: ignored() },
  answers: { 204: empty("What writes to one can write here.") },
  access: isProbe,
});

export const influxHealth = endpoint("GET /health", {
  id: "influxHealth",
  tag,
  summary: "The same, as clients of InfluxDB 2 ask",
  answers: {
    200: json(
      "What writes to one can write here.",
      z.object({
        name: z.string(),
        message: z.string(),
        status: z.string(),
        checks: z.array(z.unknown()),
        version: z.string(),
      }),
    ),
  },
  access: isProbe,
});

export const influxEndpoints = [influxWrite, influxWrite1, influxPing, influxHealth];
