/** Telemetry: what a node counts, for Prometheus. */

import type { Fetch } from "../../core/host.ts";
import type { Metric } from "../../core/metrics/metric.ts";
import type { Part } from "../part.ts";
import { createExposition, type Exposition } from "./exposition.ts";
import { metrics as metricsEndpoint } from "./http/endpoints.ts";
import { metricsFetch, mountMetrics } from "./http/metrics.ts";

export interface TelemetryOptions {
  /** Of the engine and all parts; called once all are open. */
  readonly metrics: () => readonly Metric[];
  /** From this process's text to that of all processes that share its ports. */
  readonly overAll: (text: () => Promise<string>) => () => Promise<string>;
}

export interface TelemetryPart extends Part {
  /** For a port that serves nothing else. */
  readonly fetch: Fetch;
}

export function openTelemetry({ metrics, overAll }: TelemetryOptions): TelemetryPart {
  let made: Exposition | undefined;
  const own = () => (made ??= createExposition(metrics()));
  const text = overAll(() => own().text());
  const exposition = () => ({ ...own(), text });
  return {
    name: "telemetry",
    http: (app) => mountMetrics(app, exposition),
    endpoints: [metricsEndpoint],
    fetch: metricsFetch(exposition),
  };
}
