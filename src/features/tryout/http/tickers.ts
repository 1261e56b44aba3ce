/**
 * `/magic` and `/time`: streams that every node makes on its own, four events a second, and that
 * cannot be resumed. One timer and one rendering for all their readers.
 */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import type { Clock } from "../../../core/clock.ts";
import { type Failure, failureFrom } from "../../../core/failure.ts";
import type { ByteSink, SinkEvents } from "../../../core/sink.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { renderSseFailure, sseHeaders } from "../../../http/sse.ts";
import { watchMagic, watchTime } from "./endpoints.ts";

const intervalMs = 250;

export function mountTickers(app: Hono, { host, clock }: Pick<HttpDeps, "host" | "clock">): void {
  const magic = new Ticker(
    clock,
    () => `{"magic":${randomInt64()},"timestamp":"${seconds(clock)}"}`,
  );
  const time = new Ticker(clock, () => `{"timestamp":"${seconds(clock)}"}`);
  const watch = (ticker: Ticker, request: Request) => {
    const caller = callerOf(request);
    caller.allowance?.requireStream();
    return host.stream((sink) => ticker.join(sink, caller), { headers: sseHeaders });
  };
  serve(app, watchMagic, (_, c) => watch(magic, c.req.raw));
  serve(app, watchTime, (_, c) => watch(time, c.req.raw));
}

class Ticker {
  readonly #clock: Clock;
  readonly #render: () => string;
  /** Those that can take an event now; one whose sink is full misses events, it is only time. */
  readonly #ready = new Set<ByteSink>();
  #readers = 0;
  #cancel: () => void = () => {};

  constructor(clock: Clock, render: () => string) {
    this.#clock = clock;
    this.#render = render;
  }

  join(sink: ByteSink, caller: Caller): SinkEvents {
    this.#ready.add(sink);
    if (this.#readers++ === 0) this.#tick();
    const end = (reason: Failure) => {
      sink.write(renderSseFailure(reason));
      sink.close();
    };
    const forgetCaller = caller.onEnd(end);
    const release = countStream(caller, end);
    return {
      drained: () => {
        this.#ready.add(sink);
      },
      closed: () => {
        forgetCaller();
        release();
        this.#ready.delete(sink);
        if (--this.#readers === 0) this.#cancel();
      },
    };
  }

  #tick(): void {
    const bytes = new TextEncoder().encode(`data:${this.#render()}\n\n`);
    for (const sink of this.#ready) {
      if (sink.write(bytes) !== "sent") this.#ready.delete(sink);
    }
    this.#cancel = this.#clock.after(intervalMs, () => this.#tick());
  }
}

/** Returns how to count it no more; `refuse` gets why there may not be one more. */
function countStream({ allowance }: Caller, refuse: (reason: Failure) => void): () => void {
  try {
    return allowance?.openStream() ?? (() => {});
  } catch (error) {
    refuse(failureFrom(error));
    return () => {};
  }
}

/** UTC, whole seconds. */
function seconds(clock: Clock): string {
  return `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`;
}

function randomInt64(): bigint {
  const [value = 0n] = crypto.getRandomValues(new BigInt64Array(1));
  return value;
}
