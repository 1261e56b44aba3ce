/** What a node knows of itself every ten seconds: for its history, and for what is wrong with it. */

import { hostname } from "node:os";
import { build } from "../../core/build.ts";
import { type Histogram, latencyBounds } from "../../core/metrics/histogram.ts";
import type { Point } from "../../features/nodes/node.ts";
import type { Probe } from "../../features/nodes/recorder.ts";
import type { Part, Platform } from "../../features/part.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { createFindings, type FindingsDeps } from "./findings.ts";
import { LagsBefore } from "./lags-before.ts";

export interface NodeProbeDeps extends FindingsDeps, Pick<Platform, "counters"> {
  readonly runtime: Pick<Runtime, "name" | "memoryBytes">;
  readonly loopSeconds: Histogram;
  /** Names that this node owns. */
  readonly owned: () => readonly string[];
}

/** Numbers that only ever increase. */
interface Totals {
  readonly ms: number;
  readonly records: number;
  readonly bytes: number;
  readonly deliveries: number;
  readonly delivered: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly delays: readonly number[];
  readonly delaysAll: number;
}

/** Topics with the most readers are named. */
const readersMax = 1000;

/** `parts` is called once all parts are open. */
export function createNodeProbe(deps: NodeProbeDeps, parts: () => readonly Part[]): Probe {
  const { hub, log, projections, runtime, health, config } = deps;
  let before = totalsOf(deps);
  const lags = new LagsBefore(deps.clock);
  const ruleLags = new LagsBefore(deps.clock);
  const findings = createFindings(deps, parts);

  const ownLags = () => projections.status().filter(({ owned }) => owned);

  return {
    async point() {
      const now = totalsOf(deps);
      const point = pointBetween(before, now);
      before = now;
      const owned = ownLags();
      const entries = await projections.lags();
      return {
        ...point,
        subscribers: hub.stats().subscriptions,
        lagS: owned.length === 0 ? null : Math.max(...owned.map(({ lagMs }) => lagMs)) / 1000,
        lagEntries:
          owned.length === 0 ? null : entries.reduce((sum, { entries: one }) => sum + one, 0),
        memoryBytes: runtime.memoryBytes(),
      };
    },
    state() {
      return {
        version: build.version,
        runtime: runtime.name,
        log: log.driver,
        place: `${hostname()}:${health.port() ?? config.port}`,
        memoryBytes: runtime.memoryBytes(),
        guests: guestsOf(parts()),
        subscribers: hub.stats().subscriptions,
        owns: [
          ...deps.owned().filter(isReadable),
          ...parts().flatMap((part) => part.owns?.() ?? []),
        ],
        projections: lags.of(ownLags()),
        rules: ruleLags.of(parts().flatMap((part) => part.lags?.() ?? [])),
        readers: Object.fromEntries(
          [...hub.readers()].toSorted(([, a], [, b]) => b - a).slice(0, readersMax),
        ),
      };
    },
    findings,
  };
}

/** Rules own names without a meaning; their part has those that people gave. */
function isReadable(name: string): boolean {
  return !name.startsWith("ack-rule/");
}

function guestsOf(parts: readonly Part[]): number {
  const emitters = parts.find(({ name }) => name === "emitters")?.status?.()["emitters"];
  if (typeof emitters !== "object" || emitters === null || !("guests" in emitters)) return 0;
  return typeof emitters.guests === "number" ? emitters.guests : 0;
}

function totalsOf({ log, hub, counters, loopSeconds }: NodeProbeDeps): Totals {
  const refused: Record<string, number> = {};
  for (const [code, count] of [
    ...counters.refusals.entries(),
    ...counters.records.refused.entries(),
  ]) {
    refused[code] = (refused[code] ?? 0) + count;
  }
  return {
    ms: performance.now(),
    records: log.counts.records,
    bytes: log.counts.bytes,
    deliveries: hub.counts.deliveries,
    delivered: hub.counts.bytes,
    refused,
    delays: loopSeconds.cumulative(),
    delaysAll: loopSeconds.count,
  };
}

function pointBetween(
  before: Totals,
  now: Totals,
): Omit<Point, "subscribers" | "lagS" | "lagEntries" | "memoryBytes"> {
  const seconds = Math.max(0.001, (now.ms - before.ms) / 1000);
  const perS = (of: (totals: Totals) => number) =>
    Math.round(((of(now) - of(before)) / seconds) * 1000) / 1000;
  const refused: Record<string, number> = {};
  for (const code of Object.keys(now.refused)) {
    const rate = perS((totals) => totals.refused[code] ?? 0);
    if (rate > 0) refused[code] = rate;
  }
  return {
    recordsIn: perS(({ records }) => records),
    bytesIn: perS(({ bytes }) => bytes),
    recordsOut: perS(({ deliveries }) => deliveries),
    bytesOut: perS(({ delivered }) => delivered),
    refused,
    loopDelayMs: delayOf(before, now),
  };
}

/** The bound that 99 of 100 delays of the span were within; past the last bound, the last one. */
function delayOf(before: Totals, now: Totals): number {
  const count = now.delaysAll - before.delaysAll;
  const bound = latencyBounds.find(
    (_, index) => (now.delays[index] ?? 0) - (before.delays[index] ?? 0) >= count * 0.99,
  );
  return (bound ?? latencyBounds.at(-1) ?? 0) * 1000;
}
