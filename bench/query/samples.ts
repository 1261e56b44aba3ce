/** Answers of `GET /api`, and the ranges that are queried. */

import type { Gateway } from "../../src/cli/gateway/gateway.ts";
import { failureFromProblem, reach } from "../../src/cli/gateway/request.ts";
import type { Random } from "../../src/cli/simulate/random.ts";

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
  gateway: Gateway,
  { tag, startNs, endNs }: SamplesQuery,
): Promise<string> {
  const query = `tag=${encodeURIComponent(tag)}&start=${startNs}&end=${endNs}`;
  const response = await reach(gateway, `/api?${query}`, {});
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
