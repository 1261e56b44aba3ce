/** Times between nanoseconds and RFC 3339. */

/** RFC 3339 in UTC, with as many fraction digits as it takes (none, 3, 6 or 9). */
export function renderTime(ns: bigint): string {
  const millis = floorDivide(ns, 1_000_000n);
  const below = Number(ns - millis * 1_000_000n);
  const text = new Date(Number(millis)).toISOString();
  if (below === 0) return text;
  const digits = below.toString().padStart(6, "0");
  return `${text.slice(0, -1)}${digits.endsWith("000") ? digits.slice(0, 3) : digits}Z`;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
