/** One watch's stream to the collector; after a cut it is reopened with the unacknowledged records. */

import { sleep, systemClock } from "../../core/clock.ts";
import type { Failure } from "../../core/failure.ts";
import { isRetryable, retryPauseMs } from "../gateway/retry.ts";
import { type CollectorClient, failureFromRpcError } from "../gateway/rpc-client.ts";
import type { Outbox } from "./wearable-outbox.ts";
import type { WearableRecord } from "./wearable-record.ts";

/** `collect` is acknowledged when its stream ends, `ingest` while it runs. */
export type WearableCall = "collect" | "ingest";

/** A stream of `collect` ends after this time and another one follows, so that it is acknowledged. */
const collectMs = 10_000;

export interface WearableStreamOptions {
  readonly collector: CollectorClient;
  readonly call: WearableCall;
  readonly topic: string;
  /** Unique to this run: with a record's sequence it lets the gateway recognise repeated records. */
  readonly producerId: string;
}

export interface WearableStreamEvents {
  /** Handed to the connection for the first time. */
  sent(records: number): void;
  acknowledged(accepted: number, refused: number, position: string): void;
  /** The stream was cut, or could not be opened after `attempts` attempts; it will be retried. */
  cut(failure: Failure, attempts: number): void;
}

/** The request of both calls. */
interface Request {
  readonly topic?: string;
  readonly producer?: { readonly id: string; readonly epoch: number; readonly sequence: bigint };
  readonly records?: WearableRecord[];
}

/** The response of both calls. */
interface Answer {
  readonly accepted: bigint;
  readonly refused: bigint;
  readonly position: string;
}

/**
 * Sends until the outbox is done, or `signal` aborts. Rejects with a failure that a retry cannot mend.
 */
export async function streamWearable(
  options: WearableStreamOptions,
  outbox: Outbox,
  events: WearableStreamEvents,
  signal: AbortSignal,
): Promise<void> {
  let attempts = 0;
  while (!outbox.isDone && !signal.aborted) {
    // Sequences continue from stream to stream; a response counts from the start of its stream.
    const { first } = outbox;
    let accepted = 0;
    let refused = 0;
    try {
      for await (const answer of call(options, outbox, events, signal)) {
        attempts = 0;
        const now = { accepted: Number(answer.accepted), refused: Number(answer.refused) };
        outbox.acknowledge(first + now.accepted + now.refused);
        events.acknowledged(now.accepted - accepted, now.refused - refused, answer.position);
        ({ accepted, refused } = now);
      }
    } catch (error) {
      if (signal.aborted) return;
      const failure = failureFromRpcError(error);
      if (!isRetryable(failure)) throw failure;
      events.cut(failure, attempts);
      await sleep(systemClock, retryPauseMs(attempts++, failure), signal);
    }
  }
}

async function* call(
  { collector, call, topic, producerId }: WearableStreamOptions,
  outbox: Outbox,
  events: WearableStreamEvents,
  signal: AbortSignal,
): AsyncGenerator<Answer> {
  const over = new AbortController();
  const end = () => over.abort();
  signal.addEventListener("abort", end);
  const timer = call === "collect" ? setTimeout(end, collectMs) : undefined;
  async function* requests(): AsyncGenerator<Request> {
    let { sent } = outbox;
    // The first message says where the records go, and where their sequence begins.
    yield { topic, producer: { id: producerId, epoch: 1, sequence: BigInt(outbox.first) } };
    for await (const records of outbox.batches(over.signal)) {
      yield { records: [...records] };
      events.sent(outbox.sent - sent);
      ({ sent } = outbox);
    }
  }
  try {
    if (call === "collect") yield await collector.collect(requests(), { signal });
    else yield* collector.ingest(requests(), { signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    // Wakes the generator that still waits for records of this stream.
    end();
  }
}
