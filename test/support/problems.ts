/** What a refusal has to look like, whatever was refused. */
import { expect } from "bun:test";
import type { Answer } from "./http.ts";

/** The status and the code, such as "400 invalid". */
export type Wanted = `${number} ${string}`;

export interface About {
  /** What the detail names. */
  readonly detail?: string | RegExp;
  /** The first error's field. */
  readonly field?: string;
}

export function expectProblem(
  { status, headers, json }: Answer,
  wanted: Wanted,
  { detail, field }: About = {},
): void {
  const [wantedStatus, code] = wanted.split(" ");
  const contentType = headers.get("content-type");
  expect({ status, code: json?.code, contentType }).toEqual({
    status: Number(wantedStatus),
    code,
    contentType: "application/problem+json",
  });
  expect(json.status).toBe(status);
  expect(json.type).toBe(`urn:sluice:problem:${code}`);
  expect([typeof json.title, typeof json.detail]).toEqual(["string", "string"]);
  expect(json.detail.length).toBeLessThan(1000);
  if (detail !== undefined) expect(json.detail).toMatch(detail);
  if (field !== undefined) expect(json.errors[0].field).toBe(field);
}
