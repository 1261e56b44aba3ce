/** From values to coordinates, and the values that an axis shows. */

export interface Scale {
  readonly ticks: readonly number[];
  /** The coordinate of a value, in the range's units. */
  at(value: number): number;
}

/** `domain` and `range`: from, to. About `count` ticks, at round values, `stepMin` apart at least. */
export function linearScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
  count: number,
  stepMin = 0,
): Scale {
  const span = high - low || 1;
  return {
    ticks: roundTicks(low, high, count, stepMin),
    at: (value) => from + ((value - low) / span) * (to - from),
  };
}

/** For values of very different sizes, all above 0. */
export function logScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
): Scale {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Math.max(1, last - first);
  return {
    ticks: Array.from({ length: decades + 1 }, (_, i) => 10 ** (first + i)),
    // Zero has no logarithm: it is drawn at the bottom.
    at: (value) =>
      from + ((Math.log10(Math.max(value, 10 ** first)) - first) / decades) * (to - from),
  };
}

/** Multiples of 1, 2 or 5 times a power of ten, within the bounds. */
export function roundTicks(low: number, high: number, count: number, stepMin = 0): number[] {
  const step = Math.max(stepMin, roundStep((high - low) / Math.max(1, count)));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiplied, not added up: 0.1 thirty times is not 3.
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** The smallest round step that is not below `step`. */
export function roundStep(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((each) => each * power >= step * (1 - 1e-9)) ?? 10;
  return factor * power;
}
