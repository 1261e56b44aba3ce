/** Answers of `GET /api`, and the ranges that are queried. */

import { failureFromProblem } from "../../src/cli/gateway/request.ts";
import type { Random } from "../../src/cli/simulate/random.ts";
import { Failure } from "../../src/core/failure.ts";

/** Shorter ranges are refused. */
export const rangeNsMin = 600_000_000_000n;
export const samplesEach = 1000;

export interface SamplesQuery {
  readonly tag: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** The answer as text without its newline, because its times do not fit JavaScript numbers. Throws the gateway's error. */
export async function fetchSamples(
  url: string,
  { tag, startNs, endNs }: SamplesQuery,
): Promise<string> {
  let response: Response;
  try {
    response = await fetch(
      `${url}/api?tag=${encodeURIComponent(tag)}&start=${startNs}&end=${endNs}`,
    );
  } catch (cause) {
    throw new Failure("unavailable", `Cannot reach ${url}: is the gateway running?`, { cause });
  }
  const text = await response.text();
  if (!response.ok) throw failureFromProblem(response, text);
  return text.trimEnd();
}

/** A random part of what is stored, at least ten minutes long. */
export function randomRange(
  random: Random,
  oldestNs: bigint,
  newestNs: bigint,
): Pick<SamplesQuery, "startNs" | "endNs"> {
  const whole = Math.max(Number(newestNs - oldestNs), Number(rangeNsMin));
  const length = random.between(Number(rangeNsMin), whole);
  const endNs = newestNs - BigInt(Math.floor(random.between(0, whole - length)));
  return { startNs: endNs - BigInt(Math.ceil(length)), endNs };
}
