/** `collectEvent` on the thin path: the event is stored in the bytes that it came in. */

import type { Buffer } from "node:buffer";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Caller } from "../../../core/access/caller.ts";
import type { Failure } from "../../../core/failure.ts";
import { EventResponseSchema, MarsGrpc } from "../../../gen/marsweb/event_pb.ts";
import type { ThinCall, ThinMethods } from "../../../rpc/thin/call.ts";
import type { EventIntake } from "../intake.ts";

const success = toBinary(EventResponseSchema, create(EventResponseSchema, { success: true }));

export function eventMethods(events: EventIntake): ThinMethods {
  const path = `/${MarsGrpc.typeName}/${MarsGrpc.method.collectEvent.name}`;
  const answer = () => success;
  return new Map([
    [
      path,
      { answers: "unary", open: (caller) => ({ call: new EventCall(events, caller), answer }) },
    ],
  ]);
}

/** It settles together with its one event, so it has no progress to report before. */
class EventCall implements ThinCall {
  readonly #events: EventIntake;
  readonly #caller: Caller;
  #taken: Promise<unknown> | undefined;
  readonly failure = undefined;
  readonly answerable = 0;
  progress: (() => void) | undefined;

  constructor(events: EventIntake, caller: Caller) {
    this.#events = events;
    this.#caller = caller;
  }

  take(bytes: Buffer, from: number, to: number): void {
    this.#taken = this.#events.takeRequest(bytes, from, to, this.#caller);
    // `settled` awaits it when the call ends, which may be long after it failed.
    this.#taken.catch(() => {});
  }

  async settled(): Promise<void> {
    await this.#taken;
  }

  /** A unary call is answered, whatever becomes of its credential. */
  endedBy(reason: Failure): Promise<Failure> {
    return Promise.resolve(reason);
  }

  expedite(): void {}

  close(): void {}
}
