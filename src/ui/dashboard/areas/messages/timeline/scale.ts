/**
 * Where times lie on the timeline: to scale, except for idle stretches, each of which becomes a break
 * of fixed width with its length written on it. Nothing is squeezed without a mark.
 */

export interface Break {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** Percent of the width. */
  readonly from: number;
  readonly to: number;
}

export interface Scale {
  /** Percent of the width, between the margins. */
  readonly at: (ns: bigint) => number;
  readonly breaks: readonly Break[];
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** Percent on each side, so that a mark at the edge is whole. */
const margin = 2;
const breakWidth = 7;
/** All breaks together take at most this. */
const breaksWidthMax = 42;
/** A stretch this many times as long as all shorter ones together is idle. */
const idleFactor = 10n;

interface Piece {
  readonly fromNs: bigint;
  readonly lengthNs: bigint;
  readonly isIdle: boolean;
}

/** A scale on which each of the times has its place. Without any, everything is at the start. */
export function scaleOf(times: readonly bigint[], fold: boolean): Scale {
  const sorted = [...new Set(times)].toSorted((a, b) => (a < b ? -1 : 1));
  const startNs = sorted[0] ?? 0n;
  const endNs = sorted.at(-1) ?? startNs;
  const idleNs = fold ? shortestIdle(sorted) : undefined;
  const pieces = sorted.slice(1).map((toNs, i): Piece => {
    const fromNs = sorted[i] ?? toNs;
    const lengthNs = toNs - fromNs;
    return { fromNs, lengthNs, isIdle: idleNs !== undefined && lengthNs >= idleNs };
  });
  return { ...placed(pieces), startNs, endNs };
}

/**
 * The length from which on a stretch is idle: as few as possible are, each more than ten times as long
 * as all that are not together. Undefined where none is.
 */
function shortestIdle(sorted: readonly bigint[]): bigint | undefined {
  const lengths = sorted.slice(1).map((time, i) => time - (sorted[i] ?? time));
  lengths.sort((a, b) => (a < b ? -1 : 1));
  let restNs = lengths.reduce((sum, length) => sum + length, 0n);
  for (const length of lengths.toReversed()) {
    restNs -= length;
    if (restNs > 0n && length > idleFactor * restNs) return length;
  }
  return undefined;
}

function placed(pieces: readonly Piece[]): Pick<Scale, "at" | "breaks"> {
  const idle = pieces.filter(({ isIdle }) => isIdle).length;
  const widthOfBreak = idle === 0 ? 0 : Math.min(breakWidth, breaksWidthMax / idle);
  const scaled = 100 - 2 * margin - idle * widthOfBreak;
  const busyNs = pieces.reduce((sum, one) => (one.isIdle ? sum : sum + one.lengthNs), 0n);
  let x = margin;
  const starts = pieces.map((piece) => {
    const from = x;
    x += piece.isIdle ? widthOfBreak : scaled * ratio(piece.lengthNs, busyNs);
    return { piece, from, to: x };
  });
  const breaks = starts.flatMap(({ piece: { fromNs, lengthNs, isIdle }, from, to }) =>
    isIdle ? [{ fromNs, toNs: fromNs + lengthNs, from, to }] : [],
  );
  return { at, breaks };

  function at(ns: bigint): number {
    const held = starts.findLast(({ piece }) => piece.fromNs <= ns);
    if (held === undefined) return margin;
    const share = ratio(ns - held.piece.fromNs, held.piece.lengthNs);
    return held.from + (held.to - held.from) * Math.min(1, share);
  }
}

function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number(part) / Number(whole);
}
