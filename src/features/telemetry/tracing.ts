/** Spans over OTLP/HTTP, with OpenTelemetry's packages: loaded only where an endpoint is set. */

import type { Logger } from "../../core/logger.ts";
import type { Span, TraceContext, Tracing } from "../../core/trace/trace.ts";

export interface TracingOptions {
  /** Without `/v1/traces`. */
  readonly endpoint: string;
  readonly version: string;
  /** This process among all nodes. */
  readonly node: string;
  readonly logger: Logger;
}

export interface OpenedTracing extends Tracing {
  /** Sends what is left. */
  close(): Promise<void>;
}

/** A collector that does not answer within this does not hold up a stop. */
const exportMs = 2000;

/** Spans that wait for the collector; more are dropped. */
const queueMax = 4096;

export async function openTracing(options: TracingOptions): Promise<OpenedTracing> {
  const { endpoint, version, node, logger } = options;
  const [api, { BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, resources] =
    await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/exporter-trace-otlp-http"),
      import("@opentelemetry/resources"),
    ]);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, "")}/v1/traces`,
    timeoutMillis: exportMs,
  });
  const provider = new TracerProvider({
    resource: resources.resourceFromAttributes({
      "service.name": "sluice",
      "service.version": version,
      "service.instance.id": node,
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: queueMax })],
  });
  const tracer = provider.getTracer("sluice", version);
  const kinds = {
    append: api.SpanKind.PRODUCER,
    project: api.SpanKind.CONSUMER,
    deliver: api.SpanKind.CONSUMER,
  } as const;
  const remote = ({ traceId, spanId }: TraceContext) => ({
    traceId,
    spanId,
    traceFlags: api.TraceFlags.SAMPLED,
    isRemote: true,
  });
  return {
    add({ name, startMs, endMs, contexts, attributes, failure }: Span) {
      const [parent, ...others] = contexts;
      if (parent === undefined) return;
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[name],
          startTime: startMs,
          attributes: { "messaging.system": "sluice", ...attributes },
          links: others.map((context) => ({ context: remote(context) })),
        },
        api.trace.setSpanContext(api.ROOT_CONTEXT, remote(parent)),
      );
      if (failure !== undefined) {
        span.setStatus({ code: api.SpanStatusCode.ERROR });
        span.setAttribute("error.type", failure);
      }
      span.end(endMs);
    },
    async close() {
      // Spans are not worth a failed stop.
      await provider.shutdown().catch((error: unknown) => {
        logger("warn", "the last spans were not sent", { reason: String(error) });
      });
    },
  };
}
