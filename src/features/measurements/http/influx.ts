/**
 * The writing half of InfluxDB's HTTP API, 1.x and 2.x, for Telegraf and the Influx clients. Its
 * answers are in InfluxDB's own forms: these clients read no others. Organisation, bucket, database
 * and token are taken and not looked at: measurements have one space of tags.
 */
import type { Context, Hono } from "hono";
import { Failure, type FailureCode, failureFrom, quoted } from "../../../core/failure.ts";
import { Intake } from "../intake/intake.ts";
import { LineIntake } from "../intake/line-intake.ts";
import { readBody } from "../../../http/body.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import type { MeasurementsIn } from "./save.ts";
import { httpStatus } from "../../../http/problem.ts";
import { reportInternal } from "../../../http/report.ts";

/** What the clients are told: the API is that of this version. */
const version = "v2.7.0-sluice";
/** About a millisecond of work. */
const linesPerTurn = 500;

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

/** `error` in 1.x's answers, `code` and `message` in 2.x's. */
type Render = (code: string, message: string) => Readonly<Record<string, string>>;

interface InfluxDeps extends Pick<HttpDeps, "limits" | "logger"> {
  readonly measurementsIn: MeasurementsIn;
}

export function mountInflux(app: Hono, deps: InfluxDeps): void {
  app.post("/api/v2/write", (c) => write(c, deps, (code, message) => ({ code, message })));
  app.post("/write", (c) => write(c, deps, (_, error) => ({ error })));
  app.get("/ping", () => {
    const headers = { "x-influxdb-build": "OSS", "x-influxdb-version": version };
    return new Response(null, { status: 204, headers });
  });
  app.get("/health", (c) =>
    c.json({
      name: "influxdb",
      message: "ready for queries and writes",
      status: "pass",
      checks: [],
      version,
    }),
  );
}

async function write(c: Context, deps: InfluxDeps, render: Render): Promise<Response> {
  try {
    const unitNs = parseUnit(c.req.query("precision"));
    const body = await readBody(c.req.raw, deps.limits.bodyBytesMax);
    const { refused, refusedCount, accepted } = await takeLines(body, unitNs, deps.measurementsIn);
    if (refusedCount === 0) return new Response(null, { status: 204 });
    const more = refusedCount > refused.length ? `, and ${refusedCount - refused.length} more` : "";
    const told = `partial write (${accepted} lines accepted): ${refused.join("; ")}${more}`;
    return c.json(render("invalid", told), 400);
  } catch (error) {
    return failed(c, deps, failureFrom(error), render);
  }
}

async function takeLines(
  body: Uint8Array,
  unitNs: bigint,
  measurementsIn: MeasurementsIn,
): Promise<LineIntake> {
  const { topic, clock } = measurementsIn;
  topic.inFlight.refuseIfFull();
  const call = topic.open();
  const intake = new Intake(measurementsIn, call);
  const lines = new LineIntake(textOf(body), { unitNs, nowNs: clock.nowNs() }, intake);
  while (lines.take(linesPerTurn)) {
    if (topic.inFlight.isFull) {
      call.expedite();
      await topic.inFlight.room();
    } else await new Promise<void>((resolve) => clock.after(0, resolve));
  }
  await call.settled();
  return lines;
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new Failure("invalid", "Cannot read the lines: they are not UTF-8");
  }
}

function parseUnit(given: string | undefined): bigint {
  const unit = unitsNs.get(given === undefined || given === "" ? "ns" : given);
  if (unit !== undefined) return unit;
  throw new Failure("invalid", `Cannot use precision ${quoted(given)}: expected ns, us, ms or s`);
}

function failed(c: Context, { logger }: InfluxDeps, failure: Failure, render: Render): Response {
  reportInternal(logger, c.req, failure);
  const status = httpStatus[failure.code];
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (status === 429 || status === 503) {
    headers["retry-after"] = String(Math.max(1, Math.ceil((failure.retryAfterMs ?? 1000) / 1000)));
  }
  const body = JSON.stringify(render(influxCode(failure.code), failure.message));
  return new Response(body, { status, headers });
}

/** InfluxDB's words for the failures that writing has. */
function influxCode(code: FailureCode): string {
  switch (code) {
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
