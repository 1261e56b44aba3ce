/** Answers in pieces: each is made when the client has taken the one before, and counted until then. */

import type { Share } from "../../core/budget/memory.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";

export interface AnswerStreamDeps {
  readonly clock: Clock;
  readonly answers: Pick<Share, "add" | "release">;
  /** Time after which a client that takes nothing is given up. */
  readonly stallMs: number;
}

/** The body of an answer. `over` is called once, at whatever end; the answer is cut off if that is early. */
export function answerStream(
  { clock, answers, stallMs }: AnswerStreamDeps,
  pieces: AsyncIterator<Uint8Array>,
  over: () => void = () => {},
): ReadableStream<Uint8Array> {
  let untakenBytes = 0;
  let isOver = false;
  let cancelStall = () => {};

  function taken(): void {
    cancelStall();
    answers.release(untakenBytes);
    untakenBytes = 0;
  }

  function end(): void {
    if (isOver) return;
    isOver = true;
    taken();
    over();
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // A client may leave before it has taken anything, and HEAD takes nothing.
        cancelStall = clock.after(stallMs, () => stop(controller));
      },
      async pull(controller) {
        taken();
        try {
          const piece = await pieces.next();
          if (isOver) return;
          if (piece.done === true) {
            end();
            return controller.close();
          }
          untakenBytes = piece.value.byteLength;
          answers.add(untakenBytes);
          cancelStall = clock.after(stallMs, () => stop(controller));
          controller.enqueue(piece.value);
        } catch (error) {
          end();
          // Cut off: the reader must not take a part for the whole.
          controller.error(error);
        }
      },
      async cancel() {
        end();
        await pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );

  function stop(controller: ReadableStreamDefaultController<Uint8Array>): void {
    end();
    pieces.return?.().catch(() => {});
    const message = `Cannot send the answer: the client has read nothing for ${stallMs} ms`;
    controller.error(new Failure("slow_subscriber", message));
  }
}
