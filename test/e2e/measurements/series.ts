/** Sends measurements to a gateway under test as its users do. */

import { expect } from "bun:test";
import { valuesToNumbers } from "../../../src/features/measurements/measurement.ts";
import type { SeriesPoint } from "../../../src/features/measurements/series-port.ts";
import type { GatewayProcess } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";

/** Saves measurements; resolves once they are acknowledged. */
export async function saveSeries(
  { url }: GatewayProcess,
  tag: string,
  points: readonly SeriesPoint[],
): Promise<void> {
  const lines = points.map((point) => {
    const values = JSON.stringify(valuesToNumbers(point));
    return `{"time":${point.timeNs},"tag":${JSON.stringify(tag)},"values":${values}}`;
  });
  const headers = { "content-type": "application/x-ndjson" };
  const { status, text } = await ask("POST", `${url}/save`, { body: lines.join("\n"), headers });
  // A single measurement is answered without a body.
  expect([status < 300, text.includes('"refused":[{')]).toEqual([true, false]);
}

/** Resolves once all that was saved is in the store. */
export async function seriesStored({ url }: GatewayProcess): Promise<void> {
  const topic = await ask("GET", `${url}/v1/topics/measurements`);
  await until("the store has all", 15_000, async () => {
    const { projections, measurements } = (await ask("GET", `${url}/status`)).json;
    const stored = projections.find((each: { name: string }) => each.name === "measurements");
    return stored?.position === topic.json.end && measurements.tail.measurements === 0;
  });
}
