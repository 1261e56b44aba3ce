/** When each measurement of a run is due. */

export const profileNames = ["steady", "minute-peak", "second-peak"] as const;
export type ProfileName = (typeof profileNames)[number];

interface Peak {
  /** The rate during the peak, relative to the rate before and after. */
  readonly factor: number;
  readonly seconds: number;
}

/** At 10,000 a second on average: 50,000 for a minute, 200,000 for a second. */
const peaks: Readonly<Record<ProfileName, Peak>> = {
  steady: { factor: 1, seconds: 0 },
  "minute-peak": { factor: 5, seconds: 60 },
  "second-peak": { factor: 20, seconds: 1 },
};
/** Before a peak, and by default after it. */
const calmSeconds = 10;

interface Stage {
  readonly fromNs: number;
  /** Number of the first measurement. */
  readonly first: number;
  /** Measurements a second. */
  readonly rate: number;
}

/** Evenly spaced measurements at a rate, with the profile's peak once, after ten seconds. */
export class Schedule {
  /** Number of measurements; Infinity without an end. */
  readonly total: number;
  readonly seconds: number;
  readonly #stages: readonly Stage[];

  /** `seconds` 0: a profile with a peak ends ten seconds after it, `steady` never. */
  constructor(profile: ProfileName, rate: number, seconds: number) {
    const peak = peaks[profile];
    const hasPeak = peak.seconds > 0;
    const unless = hasPeak ? 2 * calmSeconds + peak.seconds : Infinity;
    this.seconds = seconds > 0 ? seconds : unless;
    const stages: Stage[] = [];
    let fromNs = 0;
    let first = 0;
    const add = (stageRate: number, stageSeconds: number) => {
      const left = Math.min(stageSeconds, this.seconds - fromNs / 1e9);
      if (left <= 0) return;
      stages.push({ fromNs, first, rate: stageRate });
      first += Math.floor(stageRate * left);
      fromNs += left * 1e9;
    };
    if (hasPeak) {
      add(rate, calmSeconds);
      add(rate * peak.factor, peak.seconds);
    }
    add(rate, Infinity);
    this.#stages = stages;
    this.total = first;
  }

  /** Nanoseconds after the start; undefined past the end. */
  dueNs(number: number): number | undefined {
    if (number >= this.total) return undefined;
    const stage = this.#stages.findLast(({ first }) => first <= number);
    if (stage === undefined) return undefined;
    return Math.floor(stage.fromNs + ((number - stage.first) * 1e9) / stage.rate);
  }
}
