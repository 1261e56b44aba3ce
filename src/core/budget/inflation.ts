/** How many times as large as what was sent anything may be that is inflated. */

/** JSON of real data inflates to 5 to 30 times its size; a bomb to a thousand times. */
export const inflatedRatioMax = 250;

/** What inflates to less takes little, however many times as large it is. */
const freeBytes = 1024 * 1024;

export function isBomb(sentBytes: number, inflatedBytes: number): boolean {
  return inflatedBytes > freeBytes && inflatedBytes > sentBytes * inflatedRatioMax;
}
