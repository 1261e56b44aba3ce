/**
 * Metrics as Prometheus reads them: prom-client checks their names and writes the text. The numbers come
 * from where they are counted, when they are collected: prom-client's own way of counting takes some
 * hundred nanoseconds each time, which hot paths cannot spend.
 */

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HistogramMetric, Metric, NumberMetric } from "../../core/metrics/metric.ts";

export interface Exposition {
  readonly contentType: string;
  /** The numbers of this moment. */
  text(): Promise<string>;
}

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Where it is not the metric's. */
  readonly metricName?: string;
}

/** Throws for a name that is taken, or cannot be one. */
export function createExposition(metrics: readonly Metric[]): Exposition {
  const registry = new Registry();
  for (const metric of metrics) registry.registerMetric(collected(metric));
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

function collected(metric: Metric): Counter | Gauge | Histogram {
  const { name, help, type } = metric;
  const values = () => (metric.type === "histogram" ? ranges(metric) : numbers(metric));
  const get = async () => ({ name, help, type, aggregator: "sum", values: await values() });
  // The registry prefers the second, where a metric has it.
  return Object.assign(new kinds[type]({ name, help, registers: [] }), {
    get,
    getForPromString: get,
  });
}

const kinds = { counter: Counter, gauge: Gauge, histogram: Histogram } as const;

async function numbers(metric: NumberMetric): Promise<readonly Value[]> {
  return (await metric.collect()).map(({ value, labels = {} }) => ({ value, labels }));
}

async function ranges({ name, collect }: HistogramMetric): Promise<readonly Value[]> {
  return collect().flatMap(({ histogram, labels = {} }) => {
    const { bounds, count, sum } = histogram;
    const metricName = `${name}_bucket`;
    return [
      ...histogram.cumulative().map((value, range) => ({
        metricName,
        value,
        labels: { ...labels, le: bounds[range] ?? 0 },
      })),
      { metricName, value: count, labels: { ...labels, le: "+Inf" } },
      { metricName: `${name}_sum`, value: sum, labels },
      { metricName: `${name}_count`, value: count, labels },
    ];
  });
}
