/** What a method offers to take the thin path: a call without an object for each message. */

import type { Buffer } from "node:buffer";
import type { Caller } from "../../core/access/caller.ts";
import type { Share } from "../../core/budget/memory.ts";
import type { Turns } from "../../core/budget/turn.ts";
import type { Failure } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { InFlight } from "../../ingest/in-flight.ts";

/** `end`: one answer after many messages. `running`: as they become durable. `unary`: one and one. */
export type AnswerKind = "end" | "running" | "unary";

/** A call as the thin path drives it, whatever its messages are. */
export interface ThinCall {
  readonly failure: Failure | undefined;
  /** A count that rises whenever a running answer would report more. */
  readonly answerable: number;
  /** Called when something became durable or failed. */
  progress: (() => void) | undefined;
  /** Takes one message and copies what it keeps of it. Throws what is wrong with it. */
  take(bytes: Buffer, from: number, to: number): void;
  /** Resolves once all that was taken is durable. Rejects with what failed. */
  settled(): Promise<void>;
  /** The caller waits for what was taken so far. */
  expedite(): void;
  /**
   * The caller's credential has ended: nothing more is taken. Resolves once what was taken is durable, with
   * the failure that says where that ends.
   */
  endedBy(reason: Failure): Promise<Failure>;
  close(): void;
}

export interface ThinMethod {
  readonly answers: AnswerKind;
  /** Opens a call, perhaps of a caller's span; `answer` renders the message that answers it, or throws why it cannot be answered. */
  open(
    caller: Caller,
    traceparent?: string | null,
  ): { readonly call: ThinCall; readonly answer: () => Uint8Array<ArrayBuffer> };
}

/** By path: `/package.Service/Method`. */
export type ThinMethods = ReadonlyMap<string, ThinMethod>;

export interface ThinOptions {
  readonly methods: ThinMethods;
  readonly inFlight: InFlight;
  /** The largest message taken, after inflating. */
  readonly messageBytesMax: number;
  /** Bytes a second below which a message that is not whole is given up. */
  readonly rateMin: number;
  readonly turns: Turns;
  readonly receiving: Share;
  /** The whole body of a request, within the same bounds. */
  readonly readBody: (request: Request) => Promise<Uint8Array>;
  readonly logger: Logger;
}
