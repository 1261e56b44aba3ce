/** A topic's records over `Subscribe`, each once and in order, across cuts. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { From } from "../../client/index.ts";
import { sleep, systemClock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { StoredRecord, SubscribeRequestSchema } from "../../gen/sluice/v1/consumer_pb.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { unreachable } from "../gateway/request.ts";
import { isRetryable, retryPauseMs } from "../gateway/retry.ts";
import { type ConsumerClient, failureFromRpcError } from "../gateway/rpc-client.ts";

type Start = NonNullable<MessageInitShape<typeof SubscribeRequestSchema>["start"]>;

/** Three times the heartbeat: a stream that is silent for longer is dead. */
const silenceMsMax = 45_000;
const absentMs = 500;

export interface ReadOptions {
  readonly topic: string;
  /** Only the records of this key; undefined: all. */
  readonly key: string | undefined;
  readonly from: From;
  /** The gateway's address, for errors. */
  readonly url: Gateway;
  readonly signal: AbortSignal;
  /** Called with a line about the stream for people to read. */
  readonly report: (line: string) => void;
}

/**
 * Ends with the stream, or when the signal aborts. Waits for a topic that does not exist yet. Throws a
 * `Failure` that a retry cannot mend, and `unavailable` where the first call does not reach a gateway.
 */
export async function* readRecords(
  consumer: ConsumerClient,
  { topic, key, from, url, signal, report }: ReadOptions,
): AsyncGenerator<StoredRecord> {
  let start = startOf(from);
  let wasOpen = false;
  let waits = false;
  let attempts = 0;
  const after = (position: string): Start => ({ case: "after", value: position });

  /** Resolves when it is time to call again. Throws where a retry cannot help. */
  async function recover(failure: Failure): Promise<void> {
    if (failure.code === "not_found" && start.case !== "after") {
      // The first records of a topic that is created now are all of it.
      start = { case: "earliest", value: true };
      if (!waits) report(`There is no topic ${topic} yet: waiting for it`);
      waits = true;
      return await sleep(systemClock, absentMs, signal);
    }
    if (failure.code === "position_gone" && failure.position !== undefined) {
      report(`Records are missing: ${failure.message}. Reading on at ${failure.position}`);
      start = after(failure.position);
      return;
    }
    if (!isRetryable(failure)) throw failure;
    if (!wasOpen && !waits) {
      // A gateway that responds names its reason; otherwise the address is probably wrong.
      throw failure.code === "unavailable" ? unreachable(url, failure) : failure;
    }
    const pauseMs = retryPauseMs(attempts++, failure);
    report(`Cut off: ${failure.message}. Again in ${(pauseMs / 1000).toFixed(1)} s`);
    await sleep(systemClock, pauseMs, signal);
  }

  while (!signal.aborted) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), silenceMsMax);
    try {
      const call = consumer.subscribe(
        { topic, start, key: new TextEncoder().encode(key ?? "") },
        { signal: AbortSignal.any([signal, silence.signal]) },
      );
      for await (const { records, position } of call) {
        wasOpen = true;
        attempts = 0;
        // The time that the reader takes is not silence of the gateway.
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

const silent = new Failure("unavailable", `Nothing arrived for ${silenceMsMax / 1000} s`);

function startOf(from: From): Start {
  if (from === "live") return { case: undefined };
  if (from === "earliest") return { case: "earliest", value: true };
  if ("tail" in from) return { case: "tail", value: from.tail };
  return { case: "after", value: from.after };
}
