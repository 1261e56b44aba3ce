/** Reports for people: figures as text, and the table of a floor, the gateway and the floor again. */

import type { Runs } from "./runs.ts";

const columns = ["floor", "gateway", "floorAgain"] as const;
const titles = ["floor", "gateway", "floor again"] as const;

/** A load process this busy may be the bottleneck of the run. */
const busyShare = 0.9;
/** Floors that differ by a larger factor show that the machine is not quiet. */
const quietSpread = 1.15;

export interface Table<Run> {
  readonly head: string;
  line(title: string, cells: readonly string[]): string;
  row(title: string, cell: (run: Run) => string): string;
}

export function tableOf<Run>(runs: Runs<Run>, titleWidth: number, cellWidth: number): Table<Run> {
  const line = (title: string, cells: readonly string[]) =>
    `${title.padEnd(titleWidth)}${cells.map((cell) => cell.padStart(cellWidth)).join("")}`.trimEnd();
  return {
    head: line("", titles),
    line,
    row: (title, cell) =>
      line(
        title,
        columns.map((name) => cell(runs[name])),
      ),
  };
}

/** Each run with its title. */
export function titled<Run>(runs: Runs<Run>): readonly (readonly [title: string, run: Run])[] {
  return columns.map((name, i) => [titles[i] ?? name, runs[name]]);
}

/** What a reader must know of the floor before believing the ratios. */
export function floorRemarks(floorSpread: number | null): string[] {
  if ((floorSpread ?? 1) <= quietSpread) return [];
  return [
    `the floor itself differs by ${ratio(floorSpread)} between its two runs: the machine is busy with something else`,
  ];
}

export function isBusy(cpuSeconds: number, runSeconds: number): boolean {
  return cpuSeconds > busyShare * runSeconds;
}

export function whole(value: number | null): string {
  return value?.toLocaleString("en") ?? "-";
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

export function seconds(value: number | null): string {
  return value === null ? "-" : `${value.toFixed(2)} s`;
}

export function megabytes(value: number | null): string {
  return value === null ? "-" : `${(value / 1024 ** 2).toFixed(0)} MB`;
}

export function kilobytes(value: number | null): string {
  return value === null ? "-" : `${(value / 1024).toFixed(1)} KB`;
}

/** CPU seconds, and as a share of the run's time. */
export function cpuShare(cpuSeconds: number, runSeconds: number): string {
  const percent = Math.round((cpuSeconds / Math.max(0.001, runSeconds)) * 100);
  return `${seconds(cpuSeconds)}, ${percent} %`;
}

export function ratio(value: number | null): string {
  return value === null ? "-" : value.toFixed(2);
}
