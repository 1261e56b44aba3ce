/** The smallest number of 32 bits that has all digits of its precision. */
const normalMin = 2 ** -126;

/**
 * The number with the shortest digits that is this one as a float of 32 bits: 0.1, where the float
 * itself is 0.10000000149011612. Other languages write floats with these digits.
 */
export function shortestFloat(value: number): number {
  if (!Number.isFinite(value)) return value;
  // Six digits survive a float, so fewer are among them; below, a float has fewer bits.
  for (let digits = Math.abs(value) < normalMin ? 1 : 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
