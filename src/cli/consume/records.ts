/** A topic's records over `Subscribe`, each once and in order, across cuts. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { sleep, systemClock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { StoredRecord, SubscribeRequestSchema } from "../../gen/sluice/v1/consumer_pb.ts";
import { failureFromRpcError, type ConsumerClient } from "../rpc-client.ts";
import { isRetryable, retryPauseMs } from "../retry.ts";

type Start = NonNullable<MessageInitShape<typeof SubscribeRequestSchema>["start"]>;

/** Three times the heartbeat: a stream that is silent for longer is dead. */
const silenceMsMax = 45_000;
const absentMs = 500;

export interface ReadOptions {
  readonly topic: string;
  /** `earliest`, `live`, or the position behind which to start. */
  readonly from: string;
  readonly signal: AbortSignal;
  /** What people should know of the stream, in a line. */
  readonly tell: (line: string) => void;
}

/**
 * Ends with the stream, or when the signal aborts. A topic that is not there yet is waited for.
 * Throws a `Failure` that trying again does not help.
 */
export async function* readRecords(
  consumer: ConsumerClient,
  { topic, from, signal, tell }: ReadOptions,
): AsyncGenerator<StoredRecord> {
  let start = startOf(from);
  let wasOpen = false;
  let waits = false;
  let attempts = 0;
  const after = (position: string): Start => ({ case: "after", value: position });

  /** Resolves when it is time to call again. Throws where that is of no use. */
  async function recover(failure: Failure): Promise<void> {
    if (failure.code === "not_found" && start.case !== "after") {
      // What comes first into a topic that is not there is all of it.
      start = { case: "earliest", value: true };
      if (!waits) tell(`There is no topic ${topic} yet: waiting for it`);
      waits = true;
      return await sleep(systemClock, absentMs, signal);
    }
    if (failure.code === "position_gone" && failure.position !== undefined) {
      tell(`Records are missing: ${failure.message}. Reading on at ${failure.position}`);
      start = after(failure.position);
      return;
    }
    if (!isRetryable(failure)) throw failure;
    if (!wasOpen && !waits) {
      const { code, message, cause } = failure;
      throw new Failure(code, `Cannot read ${topic}: ${message}. Is it the gateway's address?`, {
        cause,
      });
    }
    const pauseMs = retryPauseMs(attempts++, failure);
    tell(`Cut off: ${failure.message}. Again in ${(pauseMs / 1000).toFixed(1)} s`);
    await sleep(systemClock, pauseMs, signal);
  }

  while (!signal.aborted) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), silenceMsMax);
    try {
      const call = consumer.subscribe(
        { topic, start },
        { signal: AbortSignal.any([signal, silence.signal]) },
      );
      for await (const { records, position } of call) {
        wasOpen = true;
        attempts = 0;
        // How long the reader takes for what came is not the gateway's silence.
        clearTimeout(timer);
        for (const record of records) {
          yield record;
          start = after(record.position);
        }
        if (position !== "") start = after(position);
        timer = setTimeout(() => silence.abort(), silenceMsMax);
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      await recover(silence.signal.aborted ? silent : failureFromRpcError(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

const silent = new Failure("unavailable", `Nothing came for ${silenceMsMax / 1000} s`);

function startOf(from: string): Start {
  if (from === "earliest") return { case: "earliest", value: true };
  return from === "live" ? { case: undefined } : { case: "after", value: from };
}
