/** The value below which a share (0 to 1) of the sorted values lies: the nearest of them; 0 without any. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
