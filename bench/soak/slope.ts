/** The trend of a figure over time. */

export interface Sample {
  readonly minutes: number;
  readonly bytes: number;
}

/** Growth by least squares, in bytes a minute; undefined where fewer than three samples have a trend. */
export function slopeOf(samples: readonly Sample[]): number | undefined {
  if (samples.length < 3) return undefined;
  let minutes = 0;
  let bytes = 0;
  for (const sample of samples) {
    minutes += sample.minutes / samples.length;
    bytes += sample.bytes / samples.length;
  }
  let together = 0;
  let squares = 0;
  for (const sample of samples) {
    together += (sample.minutes - minutes) * (sample.bytes - bytes);
    squares += (sample.minutes - minutes) ** 2;
  }
  return squares === 0 ? undefined : together / squares;
}
