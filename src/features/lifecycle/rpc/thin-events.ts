/** `collectEvent` as the thin path drives it: the event is kept in the bytes that it came in. */
import type { Buffer } from "node:buffer";
import { create, toBinary } from "@bufbuild/protobuf";
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

/** It settles with its event, so it makes no progress before. */
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
    this.#taken = this.#events.takeRequest(bytes, from, to);
    // It is awaited once the call has ended, which may be after it failed.
    this.#taken.catch(() => {});
  }

  async settled(): Promise<void> {
    await this.#taken;
  }

  expedite(): void {}

  close(): void {}
}
