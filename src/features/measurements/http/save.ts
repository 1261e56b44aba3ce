/** `POST /save`: measurements in, one, as an array or as lines. */

import type { Hono } from "hono";
import { Failure, quoted } from "../../../core/failure.ts";
import { renderPosition } from "../../../core/position.ts";
import { isJsonType, jsonType } from "../../../core/record.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { type HotRoute, mountHot } from "../../../http/hot.ts";
import {
  contentTypeOf,
  lineTypes,
  mediaType,
  unchosenTypes,
} from "../../../http/request-records.ts";
import { jsonResponse, refusedResponse } from "../../../http/responses.ts";
import type { EncodedCall, EncodedTopic } from "../../../ingest/encoded.ts";
import { Intake, type IntakeDeps } from "../intake/intake.ts";
import { type BodyForm, takeStream, takeWhole } from "./body.ts";
import { saveMeasurements } from "./save-endpoints.ts";

/** What the endpoints that take measurements are built on. */
export interface MeasurementsIn extends IntakeDeps {
  readonly topic: EncodedTopic;
}

interface SaveDeps extends Pick<HttpDeps, "bodies" | "turns"> {
  readonly measurementsIn: MeasurementsIn;
}

/** One for all answers: making one takes a microsecond, which is a tenth of a bare route. */
const saved = new Response(null, { status: 204 });

/** A larger body is read as it comes. */
const wholeBytesMax = 256 * 1024;

export function mountMeasurements(app: Hono, deps: SaveDeps): void {
  mountHot(app, measurementRoutes(deps));
}

export function measurementRoutes(deps: SaveDeps): readonly HotRoute[] {
  return [{ endpoint: saveMeasurements, handle: (request) => save(request, deps) }];
}

async function save(
  request: Request,
  { measurementsIn, bodies, turns }: SaveDeps,
): Promise<Response> {
  const { topic } = measurementsIn;
  const by = callerOf(request);
  const isLines = isLineType(contentTypeOf(request));
  topic.inFlight.refuseIfFull(by.portion);
  const call = topic.open(by);
  const intake = new Intake(measurementsIn, call, by);
  const openTurn = () => turns.open(request.signal);
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  let form: BodyForm;
  if (length <= wholeBytesMax && !request.headers.has("content-encoding")) {
    const body = new Uint8Array(await request.arrayBuffer());
    form = await takeWhole(body, isLines, { intake, openTurn });
  } else {
    const body = bodies.stream(request);
    form = await takeStream(body, isLines, bodies, { topic, call, intake, openTurn, by });
  }
  await call.settled();
  return form === "one" && intake.taken === 1 ? saved : saveResponse(intake, call);
}

/** 200, 207 where some were refused, a problem where all were. */
function saveResponse({ index, taken, refused, refusedMore }: Intake, call: EncodedCall): Response {
  if (index === 0) throw new Failure("invalid", "Cannot save: the body has no measurements");
  if (call.position === undefined) return refusedResponse(refused, index);
  const body = JSON.stringify({
    accepted: taken,
    position: renderPosition(call.position),
    refused,
    ...(refusedMore === 0 ? {} : { refused_more: refusedMore }),
  });
  return jsonResponse(body, refused.length > 0 ? 207 : 200);
}

function isLineType(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType === jsonType) return false;
  const type = mediaType(contentType);
  if (lineTypes.has(type)) return true;
  if (isJsonType(type) || unchosenTypes.has(type)) return false;
  throw new Failure(
    "unsupported_media_type",
    `Cannot read ${quoted(type)} as measurements: expected ${jsonType} or application/x-ndjson`,
  );
}
