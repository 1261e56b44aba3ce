/** Idempotent producers: what a log knows of one, and what that means for its next append. */

import { Failure } from "../core/failure.ts";
import type { ProducerRun } from "../core/log.ts";

export interface ProducerState {
  readonly epoch: number;
  /** Sequence of the record stored last. */
  readonly sequence: number;
}

/** The producer's state after an append. */
export function stateAfter(run: ProducerRun): ProducerState {
  return { epoch: run.epoch, sequence: run.sequences.at(-1) ?? 0 };
}

/**
 * How many of the run's first records are stored already. Throws `conflict` when a higher epoch has
 * fenced the producer off, or when records are missing between the last stored and these: storing
 * these would let the producer believe that the missing ones are stored as well.
 */
export function storedOf(
  topic: string,
  run: ProducerRun,
  state: ProducerState | undefined,
): number {
  if (state === undefined || run.epoch > state.epoch) return 0;
  const name = `producer "${run.id}" to topic "${topic}"`;
  if (run.epoch < state.epoch) {
    throw new Failure(
      "conflict",
      `Cannot append for ${name}: epoch ${run.epoch} was superseded by epoch ${state.epoch}`,
    );
  }
  if (run.first > state.sequence + 1) {
    throw new Failure(
      "conflict",
      `Cannot append for ${name}: its sequence ${run.first} leaves a gap, expected ${state.sequence + 1} or a higher epoch`,
    );
  }
  const fresh = run.sequences.findIndex((sequence) => sequence > state.sequence);
  return fresh < 0 ? run.sequences.length : fresh;
}
