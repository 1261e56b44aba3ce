/** JSON bodies against their shape, with errors that name each wrong member. */

import type { z } from "zod";
import { Failure } from "../core/failure.ts";
import { checkJson, withoutMark } from "../core/json/json.ts";
import { documentFromUtf8 } from "../core/utf8.ts";
import type { Bodies } from "./body.ts";
import type { JsonBody } from "./endpoint/answer.ts";
import { issuesFrom, wording } from "./shape-errors.ts";

/**
 * A body of settings: the largest is a rule of some hundred names. All of it is parsed in one go, and each of
 * its members is looked at.
 */
const settingsBytesMax = 64 * 1024;
/** Issues in one answer. */
const issuesMax = 100;

/** The body of a request. Throws `invalid` with an issue for each member that is wrong. */
export async function readJson<Shape extends z.ZodType>(
  { json }: JsonBody<Shape>,
  request: Request,
  bodies: Bodies,
): Promise<z.output<Shape>> {
  return parseJson(json, await bodies.read(request, Math.min(settingsBytesMax, bodies.bytesMax)));
}

/** The same; undefined where the request has no body. */
export async function readOptionalJson<Shape extends z.ZodType>(
  { json }: JsonBody<Shape>,
  request: Request,
  bodies: Bodies,
): Promise<z.output<Shape> | undefined> {
  const bytes = await bodies.read(request, Math.min(settingsBytesMax, bodies.bytesMax));
  return bytes.byteLength === 0 ? undefined : parseJson(json, bytes);
}

/** For shapes without an int64, which `JSON.parse` would round. */
export function parseJson<Shape extends z.ZodType>(
  shape: Shape,
  bytes: Uint8Array,
): z.output<Shape> {
  const checked = checkJson(withoutMark(bytes));
  if (!checked.ok) throw new Failure("invalid", checked.message);
  return parseWith(shape, JSON.parse(documentFromUtf8(bytes)));
}

/** The parsed value, or `invalid` with an issue for each member that is not what is expected. */
export function parseWith<Shape extends z.ZodType>(
  shape: Shape,
  given: unknown,
  what = "the body",
): z.output<Shape> {
  const result = shape.safeParse(given, { error: wording });
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, issuesMax).flatMap(issuesFrom).slice(0, issuesMax);
  const first = errors[0]?.message ?? "it is not what is expected";
  throw new Failure("invalid", `Cannot use ${what}: ${first}`, { errors });
}
