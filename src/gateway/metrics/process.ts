/** The process, under the names that Prometheus' own clients use for it. */

import type { Histogram } from "../../core/metrics/histogram.ts";
import { counter, gauge, histogram, type Metric } from "../../core/metrics/metric.ts";
import type { Runtime } from "../../runtime/runtime.ts";

export interface ProcessMetricsDeps {
  readonly runtime: Pick<
    Runtime,
    "name" | "memoryBytes" | "heapBytes" | "cpuSeconds" | "openFiles"
  >;
  readonly startedMs: number;
  readonly loopSeconds: Histogram;
}

export function processMetrics({
  runtime,
  startedMs,
  loopSeconds,
}: ProcessMetricsDeps): readonly Metric[] {
  return [
    counter(
      "process_cpu_seconds_total",
      "Processor time of this process, its threads included.",
      () => runtime.cpuSeconds(),
    ),
    gauge("process_resident_memory_bytes", "Resident memory of this process.", () =>
      runtime.memoryBytes(),
    ),
    gauge(
      "process_start_time_seconds",
      "Start of this process, since the Unix epoch.",
      () => startedMs / 1000,
    ),
    gauge(
      "process_open_fds",
      "Open file descriptors: the lowest free one, as about as many are open.",
      () => runtime.openFiles()?.open,
    ),
    gauge(
      "process_max_fds",
      "File descriptors that this process may open.",
      () => runtime.openFiles()?.max,
    ),
    gauge("sluice_heap_bytes", "Memory of the JavaScript heap that is in use.", () =>
      runtime.heapBytes(),
    ),
    histogram(
      "sluice_event_loop_delay_seconds",
      "How late timers of the event loop are.",
      loopSeconds,
    ),
  ];
}
