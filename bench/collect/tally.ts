/** What the connections of a load did together, and how one is driven. */
import { Failure } from "../../src/core/failure.ts";
import { Messages } from "../../src/rpc/thin/messages.ts";
import type { CallEnd } from "./connection.ts";
import { acceptedFrom } from "./messages.ts";

/** Sends a connection's share; resolves when all is answered. */
export interface Sender {
  readonly opened: Promise<void>;
  send(): Promise<void>;
  close(): void;
}

const answerBytesMax = 1024 * 1024;

export class Tally {
  /** Records written to sockets, or answered where calls are unary. */
  sent = 0;
  accepted = 0;
  refused = 0;
  readonly #failures = new Map<string, number>();

  /** A call's answer, in its envelope; false where the call did not end well. */
  answered(answer: readonly Buffer[], { code, message }: CallEnd): boolean {
    if (code !== 0) this.failed(`status ${code}: ${message}`);
    else {
      const messages = new Messages(answerBytesMax, (_flags, bytes, from, to) => {
        const told = acceptedFrom(bytes, from, to);
        this.accepted += told.accepted;
        this.refused += told.refused;
      });
      for (const part of answer) messages.push(part);
    }
    return code === 0;
  }

  failed(why: string): void {
    this.#failures.set(why, (this.#failures.get(why) ?? 0) + 1);
  }

  throwFailed(): void {
    if (this.#failures.size === 0) return;
    const all = [...this.#failures].map(([why, times]) => `${times} × ${why}`);
    throw new Failure("unavailable", `Cannot measure, calls failed: ${all.slice(0, 5).join("; ")}`);
  }
}
