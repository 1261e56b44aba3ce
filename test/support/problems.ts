/** Checks the form of problem documents. */

import { expect } from "bun:test";
import type { Answer } from "./http.ts";

/** The status and the code, such as "400 invalid". */
export type Expected = `${number} ${string}`;

export interface About {
  /** Pattern that the detail must match. */
  readonly detail?: string | RegExp;
  /** Field of the first error. */
  readonly field?: string;
}

export function expectProblem(
  { status, headers, json }: Answer,
  expected: Expected,
  { detail, field }: About = {},
): void {
  const [expectedStatus, code] = expected.split(" ");
  const contentType = headers.get("content-type");
  expect({ status, code: json?.code, contentType }).toEqual({
    status: Number(expectedStatus),
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
