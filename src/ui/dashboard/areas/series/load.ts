/** What a plot is drawn from: an answer of the gateway for each series, over one range. */

import { gatewayNow } from "../../../gateway-time.ts";
import { Refused } from "../../../http.ts";
import { readSeries, type SeriesAnswer } from "./answer.ts";
import type { Answered, Stretch } from "./lines.ts";
import type { PlotView, Range, Shown } from "./view.ts";

export interface Loaded {
  readonly answered: readonly Answered[];
  /** Why some series are not drawn. */
  readonly refused: readonly Refusal[];
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly untilNs: bigint;
  /** The newest measurement of each tag that is followed; undefined where nothing is. */
  readonly newest: ReadonlyMap<string, Newest> | undefined;
}

export interface Newest {
  readonly atNs: bigint;
  readonly values: readonly (number | null)[] | null;
}

interface Refusal {
  readonly shown: Shown;
  readonly why: string;
}

/** `cells`: how many the range has. Throws `Refused` for what passes. */
export async function loadPlot(
  { shown, fill: given }: PlotView,
  { fromNs: startNs, toNs: endNs }: Stretch,
  cells: number,
  signal: AbortSignal,
): Promise<Loaded> {
  const fill = given === "none" ? "null" : given;
  const answered: Answered[] = [];
  const refused: Refusal[] = [];
  const read = async (one: Shown): Promise<Answered | Refusal> => {
    // Of single measurements two fit on a pixel.
    const points = one.agg === "lttb" ? 2 * cells : cells;
    try {
      const answer = await readSeries(one, { startNs, endNs, points, fill }, signal);
      return { shown: one, answer, pauseNs: undefined };
    } catch (error) {
      if (!(error instanceof Refused) || error.isPassing) throw error;
      return { shown: one, why: error.message };
    }
  };
  for (const result of await Promise.all(shown.map(read))) {
    if ("why" in result) refused.push(result);
    else answered.push(result);
  }
  return {
    ...{ answered, refused, startNs, endNs, newest: undefined },
    untilNs: oldestUntil(answered.map(({ answer }) => answer)) ?? endNs,
  };
}

function oldestUntil(answers: readonly SeriesAnswer[]): bigint | undefined {
  return answers
    .map(({ untilNs }) => untilNs)
    .reduce<bigint | undefined>((old, ns) => (old === undefined || ns < old ? ns : old), undefined);
}

export function nowNs(): bigint {
  return BigInt(Math.round(gatewayNow())) * 1_000_000n;
}

export function boundsOf(range: Range): Stretch {
  if (!("lastNs" in range)) return { fromNs: range.startNs, toNs: range.endNs };
  const toNs = nowNs();
  return { fromNs: toNs - range.lastNs, toNs };
}
