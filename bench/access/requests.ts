/** Requests over HTTP/1.1, one measurement or one event each. */

import { SimulatedSeries } from "../../src/cli/simulate/measurements-series.ts";
import { createRandom } from "../../src/cli/simulate/random.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import type { CollectServer } from "../collect/servers.ts";
import { type RequestLoad, sendOneByOne } from "../save/client.ts";
import type { SaveResult } from "../save/result.ts";
import { type Usage, usageOf, usageSince } from "../usage.ts";

export interface RequestsMeasured extends Usage {
  readonly load: SaveResult;
}

const connections = 40;
const tags = 10_000;
const valuesEach = 10;

export async function measureSaves(
  server: CollectServer,
  seconds: number,
): Promise<RequestsMeasured> {
  const series = new SimulatedSeries({
    random: createRandom(1),
    tags,
    values: valuesEach,
    prefix: `${crypto.randomUUID().slice(0, 8)}-`,
  });
  let lastNs = 0n;
  return await measure(server, { path: "/save", seconds }, () => {
    const nowNs = systemClock.nowNs();
    // No two measurements have the same time.
    lastNs = nowNs > lastNs ? nowNs : lastNs + 1n;
    return series.line(lastNs);
  });
}

export async function measureEvents(
  server: CollectServer,
  seconds: number,
): Promise<RequestsMeasured> {
  const path = `/log/bench-${crypto.randomUUID()}`;
  const headers: Record<string, string> =
    server.key === undefined ? {} : { authorization: `Bearer ${server.key}` };
  const created = await fetch(`${server.url}${path}`, {
    method: "PUT",
    headers,
    body: '{"source":"external"}',
  });
  if (!created.ok) throw new Failure("unavailable", `Cannot measure: ${await created.text()}`);
  let n = 0;
  const next = () => `{"level":"INFO","message":"as everybody writes them","n":${n++}}`;
  return await measure(server, { path, seconds }, next);
}

async function measure(
  { url = "", pid, key }: CollectServer,
  load: Pick<RequestLoad, "path" | "seconds">,
  next: () => string,
): Promise<RequestsMeasured> {
  const before = usageOf(pid);
  const result = await sendOneByOne(url, { ...load, connections, key }, next);
  return { load: result, ...usageSince(before, usageOf(pid)) };
}
