/** How far a rule is behind each of its topics, while this node runs it. */

import type { Clock } from "../../../core/clock.ts";
import { type Position, renderPosition } from "../../../core/position.ts";
import type { TopicsBatch } from "./topics-reader.ts";

export interface TopicLag {
  readonly topic: string;
  /**
   * Age of the oldest record that was read and is not committed. Without one: of the newest committed record
   * when it was committed; 0 once nothing more has come for a second.
   */
  readonly lagMs: number;
  /** Token of what is committed; undefined: nothing yet. */
  readonly position: string | undefined;
}

interface Known {
  position: Position | undefined;
  /** When the oldest record was received that was read and is not committed. */
  pendingNs: bigint | undefined;
  lagMs: number;
  committedMs: number;
}

/** A topic of which nothing has come for so long is read to its end. */
const idleMs = 1000;

export class TopicLags {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #topics: ReadonlyMap<string, Known>;

  constructor(
    clock: Pick<Clock, "nowMs">,
    topics: readonly string[],
    positions: ReadonlyMap<string, Position>,
  ) {
    this.#clock = clock;
    this.#topics = new Map(
      topics.map((topic) => {
        const position = positions.get(topic);
        return [topic, { position, pendingNs: undefined, lagMs: 0, committedMs: 0 }];
      }),
    );
  }

  /** A batch is read, and will be committed. */
  read({ records }: TopicsBatch): void {
    for (const { topic, stored } of records) {
      const known = this.#topics.get(topic);
      if (known !== undefined) known.pendingNs ??= stored.receivedNs;
    }
  }

  committed({ records, through }: TopicsBatch): void {
    for (const [topic, position] of through) {
      const known = this.#topics.get(topic);
      if (known !== undefined) known.position = position;
    }
    for (const { topic, stored } of records) {
      const known = this.#topics.get(topic);
      if (known === undefined) continue;
      known.pendingNs = undefined;
      known.committedMs = this.#clock.nowMs();
      known.lagMs = this.#ageMs(stored.receivedNs);
    }
  }

  /** `waiting`: when the oldest record of each topic was received that is read ahead. */
  all(waiting: ReadonlyMap<string, bigint> = new Map()): readonly TopicLag[] {
    return [...this.#topics].map(([topic, known]) => {
      const { position, lagMs, committedMs } = known;
      const oldestNs = known.pendingNs ?? waiting.get(topic);
      const atCommit = this.#clock.nowMs() - committedMs > idleMs ? 0 : lagMs;
      return {
        topic,
        lagMs: oldestNs === undefined ? atCommit : this.#ageMs(oldestNs),
        position: position && renderPosition(position),
      };
    });
  }

  #ageMs(receivedNs: bigint): number {
    return Math.max(0, this.#clock.nowMs() - Number(receivedNs / 1_000_000n));
  }
}
