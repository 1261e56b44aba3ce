/**
 * Somebody who wears a watch: rests, walks and runs by turns. The heart follows with inertia, faster
 * up than down; steps are counted at the cadence of the activity; the arm swings with them.
 */

import type { Random } from "./random.ts";

export type WearerActivity = "resting" | "walking" | "running";

/** Acceleration by axis in thousandths of g, gravity included; oldest sample first. */
export interface Acceleration {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly z: readonly number[];
}

interface Habit {
  /** Average duration. */
  readonly seconds: number;
  /** Heart rate in beats a minute above rest: from, to. */
  readonly effort: readonly [number, number];
  /** Steps a minute: from, to. */
  readonly cadence: readonly [number, number];
  /** Amplitude of the arm's swing and of the body's bounce, in thousandths of g. */
  readonly swing: number;
  readonly bounce: number;
  readonly next: readonly [likely: WearerActivity, other: WearerActivity];
}

const habits: Readonly<Record<WearerActivity, Habit>> = {
  resting: {
    seconds: 90,
    effort: [0, 6],
    cadence: [0, 0],
    swing: 0,
    bounce: 0,
    next: ["walking", "running"],
  },
  walking: {
    seconds: 60,
    effort: [22, 42],
    cadence: [98, 122],
    swing: 240,
    bounce: 180,
    next: ["resting", "running"],
  },
  running: {
    seconds: 45,
    effort: [75, 105],
    cadence: [154, 182],
    swing: 820,
    bounce: 950,
    next: ["walking", "resting"],
  },
};

const likely = 0.7;
/** Time constants: a heart is slower to calm down. */
const risingSeconds = 18;
const calmingSeconds = 40;
/** Breath and mood, in beats a minute, and how long they last. */
const wanderBpm = 1.6;
const wanderSeconds = 6;
const sensorNoise = 9;

/** Samples a second of the accelerometer; one second of them is kept. */
export const motionSampleRate = 25;

export class Wearer {
  readonly #random: Random;
  readonly #restingBpm: number;
  #activity: WearerActivity = "resting";
  #leftSeconds: number;
  #effort = 0;
  #wander = 0;
  #targetEffort = 0;
  #cadence = 0;
  #strides = 0;
  /** Angles of the forearm in radians. */
  #pitch: number;
  #roll: number;

  constructor(random: Random) {
    this.#random = random;
    this.#restingBpm = random.between(50, 76);
    this.#pitch = random.between(-0.8, 0.8);
    this.#roll = random.between(-0.8, 0.8);
    // Wearers do not all start with a full rest.
    this.#leftSeconds = random.between(0, habits.resting.seconds);
  }

  get activity(): WearerActivity {
    return this.#activity;
  }

  /** Beats a minute. */
  get bpm(): number {
    return this.#restingBpm + this.#effort + this.#wander;
  }

  /** Steps since the start. */
  get steps(): number {
    return Math.floor(this.#strides);
  }

  /** Steps a minute. */
  get cadence(): number {
    return this.#cadence;
  }

  /** From 0 to 1: how sure the sensor is of the pulse. */
  get confidence(): number {
    const shaken = habits[this.#activity].swing / 2500;
    return Math.max(0, Math.min(1, 0.97 - shaken + this.#random.normal() * 0.02));
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    let left = seconds;
    while (left > 0) {
      const step = Math.min(left, this.#leftSeconds);
      this.#pass(step);
      left -= step;
      this.#leftSeconds -= step;
      if (this.#leftSeconds <= 0) this.#change();
    }
  }

  /** The last second. */
  motion(): Acceleration {
    const { swing, bounce } = habits[this.#activity];
    const { x, y, z }: { x: number[]; y: number[]; z: number[] } = { x: [], y: [], z: [] };
    const still = [
      1000 * Math.sin(this.#pitch),
      1000 * Math.cos(this.#pitch) * Math.sin(this.#roll),
      1000 * Math.cos(this.#pitch) * Math.cos(this.#roll),
    ] as const;
    for (let i = 1; i <= motionSampleRate; i++) {
      const ago = 1 - i / motionSampleRate;
      const strides = this.#strides - (this.#cadence / 60) * ago;
      // The arm swings once in two steps; the body bounces with each.
      const arm = swing * Math.sin(Math.PI * strides);
      const body = bounce * Math.cos(2 * Math.PI * strides);
      x.push(Math.round(still[0] + arm + this.#noise()));
      y.push(Math.round(still[1] + arm / 3 + this.#noise()));
      z.push(Math.round(still[2] + body + this.#noise()));
    }
    return { x, y, z };
  }

  #pass(seconds: number): void {
    const inertia = this.#targetEffort > this.#effort ? risingSeconds : calmingSeconds;
    this.#effort += (this.#targetEffort - this.#effort) * (1 - Math.exp(-seconds / inertia));
    const kept = Math.exp(-seconds / wanderSeconds);
    this.#wander =
      this.#wander * kept + wanderBpm * Math.sqrt(1 - kept ** 2) * this.#random.normal();
    this.#strides += (this.#cadence / 60) * seconds;
    const drift = 0.03 * Math.sqrt(seconds);
    this.#pitch = clamp(this.#pitch + drift * this.#random.normal(), 1.2);
    this.#roll = clamp(this.#roll + drift * this.#random.normal(), 1.2);
  }

  #change(): void {
    const [first, other] = habits[this.#activity].next;
    this.#activity = this.#random.chance(likely) ? first : other;
    const { seconds, effort, cadence } = habits[this.#activity];
    // An activity lasts for some seconds at least.
    this.#leftSeconds = 8 + this.#random.exponential(seconds);
    this.#targetEffort = this.#random.between(...effort);
    this.#cadence = this.#random.between(...cadence);
  }

  #noise(): number {
    return sensorNoise * this.#random.normal();
  }
}

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}
