/**
 * The order of a node's appends to each topic, while its stream takes no messages.
 *
 * An append that was lost with a leader is published again. One that came after it must not be stored
 * first, so all that come wait in a line behind it. On one timer the oldest is published again, alone:
 * once it is stored, the others follow at once, in their order. Where a later one was stored
 * nevertheless, because it was on its way already, the earlier one fails.
 */

import { type Failure, failureFrom } from "../../core/failure.ts";
import type { Connection } from "./connection.ts";
import { jetstreamUnavailable } from "./failures.ts";
import type { Topics } from "./topics.ts";

const retryMs = 100;

/** The time of one append; throws `unavailable` once it is too late for another attempt. */
interface Time {
  check(): void;
}

export class AppendLines {
  readonly #connection: Pick<Connection, "clock" | "ready">;
  readonly #topics: Pick<Topics, "confirm">;
  readonly #lines = new Map<string, AppendLine>();

  constructor(connection: Pick<Connection, "clock" | "ready">, topics: Pick<Topics, "confirm">) {
    this.#connection = connection;
    this.#topics = topics;
  }

  /** The next append of the topic; `isRepeatable`: one whose answer is lost is published again. */
  enter(topic: string, time: Time, isRepeatable: boolean): LinedAppend {
    let line = this.#lines.get(topic);
    if (line === undefined) {
      const onEmpty = () => this.#lines.delete(topic);
      line = new AppendLine(topic, this.#connection, this.#topics, onEmpty);
      this.#lines.set(topic, line);
    }
    return line.enter(time, isRepeatable);
  }
}

/** One append's place in the order. */
export interface LinedAppend {
  /**
   * Calls `attempt` in its turn, synchronously where it need not wait; a further call means that the
   * attempt before was lost. Throws `unavailable`, also where a later append is stored by then;
   * `not_found`.
   */
  publish<Answer>(attempt: () => Promise<Answer>): Promise<Answer>;
  /** One of its messages is stored. */
  stored(): void;
  /** It is settled, with success or not. */
  end(): void;
}

class AppendLine {
  readonly #topic: string;
  readonly #connection: Pick<Connection, "clock" | "ready">;
  readonly #topics: Pick<Topics, "confirm">;
  readonly #onEmpty: () => void;
  /** In their order. */
  readonly #members = new Set<Member>();
  #entered = 0;
  #waiting = 0;
  /** The number of the latest that is stored. */
  #stored = 0;
  /** Was lost, and is published again: until its answer the others wait. */
  #probe: Member | undefined;
  #isTicking = false;

  constructor(
    topic: string,
    connection: Pick<Connection, "clock" | "ready">,
    topics: Pick<Topics, "confirm">,
    onEmpty: () => void,
  ) {
    this.#topic = topic;
    this.#connection = connection;
    this.#topics = topics;
    this.#onEmpty = onEmpty;
  }

  enter(time: Time, isRepeatable: boolean): LinedAppend {
    const member = new Member(++this.#entered, time, isRepeatable);
    this.#members.add(member);
    return {
      publish: (attempt) => this.#publish(member, attempt),
      stored: () => this.#markStored(member),
      end: () => this.#end(member),
    };
  }

  #publish<Answer>(member: Member, attempt: () => Promise<Answer>): Promise<Answer> {
    if (this.#probe === member) this.#probe = undefined;
    const isOpen = this.#waiting === 0 && this.#probe === undefined;
    if (isOpen && !member.wasSent) {
      member.wasSent = true;
      return attempt();
    }
    return new Promise((resolve, reject) => {
      if (member.number < this.#stored) return reject(this.#overtaken());
      member.waits = { go: () => resolve(attempt()), reject };
      this.#waiting++;
      this.#tickLater();
    });
  }

  #markStored(member: Member): void {
    if (member.number <= this.#stored) return;
    this.#stored = member.number;
    if (this.#waiting === 0) return;
    for (const other of this.#members) {
      if (other.number >= member.number) break;
      this.#refuse(other, this.#overtaken());
    }
  }

  #end(member: Member): void {
    this.#members.delete(member);
    if (this.#probe === member) {
      // The stream answers: the others go at once, on one connection, which keeps their order.
      this.#probe = undefined;
      for (const other of this.#members) this.#go(other);
    }
    if (this.#members.size === 0) this.#onEmpty();
  }

  #tickLater(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    // Not awaited: without a leader it takes seconds to fail, while the stream may take messages again.
    this.#topics.confirm(this.#topic).catch((error: unknown) => {
      const failure = failureFrom(error);
      if (failure.code === "not_found") this.#refuseAll(failure);
    });
    this.#connection.clock.after(retryMs, () => {
      this.#isTicking = false;
      void this.#tick();
    });
  }

  async #tick(): Promise<void> {
    for (const member of this.#members) this.#checkTime(member);
    if (this.#waiting > 0) this.#tickLater();
    const head = this.#probe === undefined ? this.#next() : undefined;
    if (head === undefined) return;
    this.#probe = head;
    try {
      const ready = this.#connection.ready();
      if (ready !== true) await ready;
    } catch (error) {
      return this.#refuseAll(failureFrom(error));
    }
    // It may have been refused meanwhile.
    if (this.#probe === head) this.#go(head);
  }

  /**
   * The oldest that waits, once it cannot be stored after a later one: none of those is on its way. An
   * earlier one whose answer may be lost is awaited, as it would be published again.
   */
  #next(): Member | undefined {
    let head: Member | undefined;
    for (const member of this.#members) {
      if (member.waits !== undefined) head ??= member;
      else if (head !== undefined || member.isRepeatable) return undefined;
    }
    return head;
  }

  #go(member: Member): void {
    const { waits } = member;
    if (waits === undefined || !this.#checkTime(member)) return;
    member.waits = undefined;
    member.wasSent = true;
    this.#waiting--;
    waits.go();
  }

  /** False where it is too late for the append, which has failed then. */
  #checkTime(member: Member): boolean {
    if (member.waits === undefined) return true;
    try {
      member.time.check();
      return true;
    } catch (error) {
      this.#refuse(member, failureFrom(error));
      return false;
    }
  }

  #refuseAll(failure: Failure): void {
    for (const member of this.#members) this.#refuse(member, failure);
  }

  #refuse(member: Member, failure: Failure): void {
    const { waits } = member;
    if (waits === undefined) return;
    if (this.#probe === member) this.#probe = undefined;
    member.waits = undefined;
    this.#waiting--;
    waits.reject(failure);
  }

  #overtaken(): Failure {
    return jetstreamUnavailable(this.#topic, "its leader changed, and a later append is stored");
  }
}

class Member {
  readonly number: number;
  readonly time: Time;
  readonly isRepeatable: boolean;
  wasSent = false;
  /** Set while it waits for its turn. */
  waits: { readonly go: () => void; readonly reject: (failure: Failure) => void } | undefined;

  constructor(number: number, time: Time, isRepeatable: boolean) {
    this.number = number;
    this.time = time;
    this.isRepeatable = isRepeatable;
  }
}
