/** A server that vanished from the network never answers: TCP alone would wait for minutes. */

import type { Clock } from "../core/clock.ts";
import type { Failure } from "../core/failure.ts";

/**
 * The answer, or `late()` once `ms` have passed; what goes wrong before is passed to `failureFrom`.
 * A statement that is given up may still be carried out: postgres.js cannot take it back without
 * risking its connection.
 */
export function withDeadline<T>(
  clock: Clock,
  answer: PromiseLike<T>,
  ms: number,
  late: () => Failure,
  failureFrom: (error: unknown) => Failure,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(late()));
    answer.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(failureFrom(error));
      },
    );
  });
}
