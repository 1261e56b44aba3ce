/** Random events, to try the gateway with. The addresses are those of the original lifecycle demo. */

import { renderTime } from "../../core/time.ts";

export const sampleApp = "sample";

/** The stages of a message in that demo. */
export const sampleStages = [
  "MESSAGE_CREATED",
  "MESSAGE_REACHED_BACKEND",
  "MESSAGE_IN_SEARCH_QUEUE",
  "MESSAGE_IN_UPDATES_QUEUE",
  "MESSAGE_IN_WS_QUEUE",
  "MESSAGE_REACHED_FRONTEND",
] as const;

export interface SampleEvent {
  readonly app_id: string;
  readonly message_id: string;
  readonly event: string;
  readonly created_at: string;
}

/** One stage of a new message. */
export function sampleEvent(nowNs: bigint): SampleEvent {
  const stage = sampleStages[Math.floor(Math.random() * sampleStages.length)];
  return eventOf(crypto.randomUUID(), stage ?? sampleStages[0], nowNs);
}

/** Each stage once, in order, milliseconds apart, with the last one at `nowNs`. */
export function sampleLife(messageId: string, nowNs: bigint): SampleEvent[] {
  let atNs = nowNs;
  return sampleStages
    .toReversed()
    .map((stage) => {
      const event = eventOf(messageId, stage, atNs);
      atNs -= BigInt(1 + Math.floor(Math.random() * 200)) * 1_000_000n;
      return event;
    })
    .toReversed();
}

function eventOf(messageId: string, event: string, atNs: bigint): SampleEvent {
  return { app_id: sampleApp, message_id: messageId, event, created_at: renderTime(atNs) };
}
