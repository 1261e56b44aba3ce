/**
 * Metrics as parts declare them: a name, what it means, and where its numbers are. Numbers are fetched
 * when metrics are collected, so a metric costs nothing in between. Names follow Prometheus' rules.
 */

import type { Histogram } from "./histogram.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly value: number;
  /** From closed sets only: each combination of values is a series that is kept for weeks. */
  readonly labels?: Labels;
}

type MaybePromise<T> = T | Promise<T>;

interface Described {
  readonly name: string;
  readonly help: string;
}

export interface NumberMetric extends Described {
  readonly type: "counter" | "gauge";
  collect(): MaybePromise<readonly Sample[]>;
}

export interface HistogramSample {
  readonly histogram: Histogram;
  readonly labels?: Labels;
}

export interface HistogramMetric extends Described {
  readonly type: "histogram";
  collect(): readonly HistogramSample[];
}

export type Metric = NumberMetric | HistogramMetric;

/** One number, or one for each label; undefined: it is not known at present. */
type Source = () => MaybePromise<number | undefined | readonly Sample[]>;

/** What only ever increases while the process lives; its name ends in `_total`. */
export function counter(name: string, help: string, source: Source): NumberMetric {
  return { name, help, type: "counter", collect: samplesOf(source) };
}

export function gauge(name: string, help: string, source: Source): NumberMetric {
  return { name, help, type: "gauge", collect: samplesOf(source) };
}

export function histogram(
  name: string,
  help: string,
  source: Histogram | (() => readonly HistogramSample[]),
): HistogramMetric {
  const collect = typeof source === "function" ? source : () => [{ histogram: source }];
  return { name, help, type: "histogram", collect };
}

/** The samples of numbers that one label tells apart. */
export function byLabel(
  label: string,
  numbers: Iterable<readonly [string, number]>,
): readonly Sample[] {
  return [...numbers].map(([name, value]) => ({ value, labels: { [label]: name } }));
}

function samplesOf(source: Source): NumberMetric["collect"] {
  return async () => {
    const given = await source();
    if (given === undefined) return [];
    return typeof given === "number" ? [{ value: given }] : given;
  };
}
