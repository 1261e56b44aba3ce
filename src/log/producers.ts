/** Idempotent producers: what a log knows of one, and what follows for its next append. */
import { Failure } from "../core/failure.ts";
import type { ProducerRun } from "../core/log.ts";

export interface ProducerState {
  readonly epoch: number;
  /** Of the record stored last. */
  readonly sequence: number;
}

/** What an append makes of a producer. */
export function stateAfter(run: ProducerRun): ProducerState {
  return { epoch: run.epoch, sequence: run.sequences.at(-1) ?? 0 };
}

/**
 * How many of the run's first records are stored already. Throws `conflict` when the producer was
 * fenced off by a higher epoch, or when records are missing between the last stored and these:
 * whoever sent them would take them for stored.
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
      `Cannot append of ${name}: its epoch ${run.epoch} is over, ${state.epoch} has begun`,
    );
  }
  if (run.first > state.sequence + 1) {
    throw new Failure(
      "conflict",
      `Cannot append of ${name}: its sequence ${run.first} leaves a gap, expected ${state.sequence + 1} or a higher epoch`,
    );
  }
  const fresh = run.sequences.findIndex((sequence) => sequence > state.sequence);
  return fresh < 0 ? run.sequences.length : fresh;
}
