/**
 * The writing half of InfluxDB's HTTP API, 1.x and 2.x, for Telegraf and the Influx clients. Its
 * answers are in InfluxDB's own forms, because these clients read no others. Organisation, bucket,
 * database and token are ignored: measurements have one space of tags.
 */

import { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import type { Turn } from "../../../core/budget/turn.ts";
import { Failure, type FailureCode, failureFrom } from "../../../core/failure.ts";
import { documentInTurns } from "../../../core/utf8.ts";
import { callerOf } from "../../../http/access.ts";
import { challengeOf } from "../../../http/credentials/challenge.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { type Endpoint, reply, serve } from "../../../http/endpoint/endpoint.ts";
import type { Parameter, Parameters } from "../../../http/endpoint/parameter.ts";
import { reportInternal } from "../../../http/observe/report.ts";
import { httpStatus } from "../../../http/problem.ts";
import { Intake } from "../intake/intake.ts";
import { LineIntake } from "../intake/line-intake.ts";
import { influxHealth, influxPing, influxWrite, influxWrite1 } from "./influx-endpoints.ts";
import type { MeasurementsIn } from "./save.ts";

/** The version whose API this is. */
const version = "v2.7.0-sluice";
/** `error` in 1.x's answers, `code` and `message` in 2.x's. */
type Render = (code: string, message: string) => Readonly<Record<string, string>>;

interface InfluxDeps extends Pick<HttpDeps, "bodies" | "turns" | "logger"> {
  readonly measurementsIn: MeasurementsIn;
}

export function mountInflux(app: Hono, deps: InfluxDeps): void {
  mountWrite(app, influxWrite, deps, (code, message) => ({ code, message }));
  mountWrite(app, influxWrite1, deps, (_, error) => ({ error }));
  serve(app, influxPing, () => {
    const headers = { "x-influxdb-build": "OSS", "x-influxdb-version": version };
    return new Response(null, { status: 204, headers });
  });
  serve(app, influxHealth, () =>
    reply(influxHealth, 200, {
      name: "influxdb",
      message: "ready for queries and writes",
      status: "pass",
      checks: [],
      version,
    }),
  );
}

/** On a separate router, so that every error is answered in the form of the API's version. */
function mountWrite(
  app: Hono,
  endpoint: Endpoint<Parameters, { readonly precision: Parameter<bigint | undefined> }>,
  { bodies, turns, logger, measurementsIn }: InfluxDeps,
  render: Render,
): void {
  const influx = new Hono();
  serve(influx, endpoint, async ({ query: { precision: unitNs = 1n } }, c) => {
    const body = await bodies.read(c.req.raw);
    const turn = turns.open(c.req.raw.signal);
    const by = callerOf(c.req.raw);
    const lines = await takeLines(body, { unitNs, turn, by }, measurementsIn);
    if (lines.refusedCount === 0) return new Response(null, { status: 204 });
    const message = partialWrite(lines);
    const { firstCode } = lines;
    const isNone = lines.accepted + lines.partlyAccepted === 0;
    if (isNone && (firstCode === "forbidden" || firstCode === "unauthenticated")) {
      throw new Failure(firstCode, message);
    }
    return c.json(render("invalid", message), 400);
  });
  influx.onError((error, c) => {
    const failure = failureFrom(error);
    reportInternal(logger, c.req, failure);
    return failed(failure, c.req.raw, render);
  });
  app.route("/", influx);
}

function partialWrite({ accepted, partlyAccepted, refused, refusedCount }: LineIntake): string {
  const more = refusedCount > refused.length ? `, and ${refusedCount - refused.length} more` : "";
  const fields = `${partlyAccepted} ${partlyAccepted === 1 ? "field" : "fields"}`;
  const partly = partlyAccepted === 0 ? "" : ` and ${fields} of lines with refused ones`;
  return `partial write (${accepted} lines${partly} accepted): ${refused.join("; ")}${more}`;
}

async function takeLines(
  body: Uint8Array,
  { unitNs, turn, by }: { readonly unitNs: bigint; readonly turn: Turn; readonly by: Caller },
  measurementsIn: MeasurementsIn,
): Promise<LineIntake> {
  const { topic, clock } = measurementsIn;
  const text = await textOf(body, turn);
  topic.inFlight.refuseIfFull(by.portion);
  const call = topic.open(by);
  const intake = new Intake(measurementsIn, call, by);
  const lines = new LineIntake(text, { unitNs, nowNs: clock.nowNs() }, intake);
  while (!lines.isAtEnd) {
    lines.takeSome();
    const isFull = topic.inFlight.isFullFor(by.portion);
    if (!isFull && !turn.isOver) continue;
    lines.flush();
    if (isFull) {
      call.expedite();
      await topic.inFlight.room(by.portion);
    } else await turn.next();
  }
  lines.flush();
  await call.settled();
  return lines;
}

async function textOf(body: Uint8Array, turn: Turn): Promise<string> {
  try {
    return await documentInTurns(body, turn);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("invalid", "Cannot read the lines: they are not UTF-8");
  }
}

function failed(failure: Failure, request: Request, render: Render): Response {
  const status = httpStatus[failure.code];
  const headers: Record<string, string> = {
    "content-type": "application/json",
    ...(status === 401 ? challengeOf(request) : {}),
  };
  if (status === 429 || status === 503) {
    headers["retry-after"] = String(Math.max(1, Math.ceil((failure.retryAfterMs ?? 1000) / 1000)));
  }
  const body = JSON.stringify(render(influxCode(failure.code), failure.message));
  return new Response(body, { status, headers });
}

/** InfluxDB's words for the failures that writing has. */
function influxCode(code: FailureCode): string {
  switch (code) {
    case "unauthenticated":
      return "unauthorized";
    case "forbidden":
      return "forbidden";
    case "overloaded":
      return "too many requests";
    case "unavailable":
    case "shutting_down":
      return "unavailable";
    case "too_large":
      return "request too large";
    case "unsupported_media_type":
      return "unsupported media type";
    case "internal":
      return "internal error";
    default:
      return "invalid";
  }
}
