/** `collectEvent` on the thin path: the event is stored in the bytes that it came in. */

import type { Buffer } from "node:buffer";
import { create, toBinary } from "@bufbuild/protobuf";
import { openCaller } from "../../../core/access/caller.ts";
import { EventResponseSchema, MarsGrpc } from "../../../gen/marsweb/event_pb.ts";
import type { ThinCall, ThinMethods } from "../../../rpc/thin/call.ts";
import type { EventIntake } from "../intake.ts";

const success = toBinary(EventResponseSchema, create(EventResponseSchema, { success: true }));

export function eventMethods(events: EventIntake): ThinMethods {
  const path = `/${MarsGrpc.typeName}/${MarsGrpc.method.collectEvent.name}`;
  const answer = () => success;
  return new Map([
    [path, { answers: "unary", open: () => ({ call: new EventCall(events), answer }) }],
  ]);
}

/** It settles together with its one event, so it has no progress to report before. */
class EventCall implements ThinCall {
  readonly #events: EventIntake;
  #taken: Promise<unknown> | undefined;
  readonly failure = undefined;
  readonly answerable = 0;
  progress: (() => void) | undefined;

  constructor(events: EventIntake) {
    this.#events = events;
  }

  take(bytes: Buffer, from: number, to: number): void {
    this.#taken = this.#events.takeRequest(bytes, from, to, openCaller);
    // `settled` awaits it when the call ends, which may be long after it failed.
    this.#taken.catch(() => {});
  }

  async settled(): Promise<void> {
    await this.#taken;
  }

  expedite(): void {}

  close(): void {}
}
