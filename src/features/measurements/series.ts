/** Series as a service: every kind of query, within bounds on concurrent queries. */

import type { Caller } from "../../core/access/caller.ts";
import { Semaphore } from "../../core/budget/semaphore.ts";
import { type Clock, sleep } from "../../core/clock.ts";
import { Histogram } from "../../core/metrics/histogram.ts";
import { SlidingQuantiles } from "../../core/metrics/sliding-quantiles.ts";
import { type MeasurementTail, nsPerMs } from "./measurement.ts";
import { exportPages } from "./query/export.ts";
import { type ListQuery, listSeries, type SeriesPage } from "./query/list.ts";
import {
  querySeries,
  readSamples,
  type Samples,
  type SamplesQuery,
  type SeriesAnswer,
  type SeriesQuery,
  tailOf,
  unknownTag,
} from "./query/query.ts";
import { type Recent, recentSeries } from "./query/recent.ts";
import type { SeriesPoint, SeriesStore, Span } from "./series-port.ts";

export interface SeriesOptions {
  readonly store: SeriesStore;
  readonly tail: MeasurementTail;
  readonly clock: Clock;
  /** How long measurements are kept. */
  readonly retentionMs: number;
  /** Number of concurrent queries; more are refused as `overloaded`. */
  readonly queriesMax: number;
}

export interface Export {
  readonly pages: AsyncIterable<readonly SeriesPoint[]>;
  /** Releases the export's slot and stops reading. Must be called at its end, in every case. */
  close(): void;
}

/** How new an answer is. */
export interface Freshness {
  /** The gateway's clock before it read. */
  readonly nowNs: bigint;
  /** What was received before is in the answer. */
  readonly untilNs: bigint;
}

/** How long a query waits for the tail before it is refused. */
const completeMsMax = 2000;
const completePollMs = 20;
/** Each export renders and sends as fast as its reader takes it. */
const exportsMax = 8;

export class Series {
  readonly #options: SeriesOptions;
  readonly #queries: Semaphore;
  readonly #exports = refusing(exportsMax, "exports");
  readonly #queryMs: SlidingQuantiles;
  readonly querySeconds = new Histogram();

  constructor(options: SeriesOptions) {
    this.#options = options;
    this.#queries = refusing(options.queriesMax, "queries of series");
    this.#queryMs = new SlidingQuantiles(options.clock);
  }

  /** The start of retention. */
  get oldestNs(): bigint {
    const { clock, retentionMs } = this.#options;
    return clock.nowNs() - BigInt(retentionMs) * nsPerMs;
  }

  /** As `readSamples`; throws `overloaded` past the number of concurrent queries. */
  samples(query: SamplesQuery): Promise<Samples> {
    return this.#answer(() => readSamples(this.#options, query));
  }

  /** As `querySeries`; throws `overloaded` past the number of concurrent queries. */
  query(query: SeriesQuery): Promise<SeriesAnswer & Freshness> {
    return this.#answer(async () => {
      const { clock, tail } = this.#options;
      const nowNs = clock.nowNs();
      const untilNs = nowNs - BigInt(Math.ceil(tail.behindMs)) * nsPerMs;
      return { ...(await querySeries(this.#options, query)), nowNs, untilNs };
    });
  }

  /** As `listSeries`; throws `overloaded` past the number of concurrent queries. */
  list(query: ListQuery): Promise<SeriesPage> {
    return this.#answer(() => listSeries(this.#options, query, this.#options.clock.nowNs()));
  }

  /** As `recentSeries`; throws `overloaded` past the number of concurrent queries. */
  recent(tags: readonly string[], by: Caller): Promise<Recent> {
    return this.#answer(() => recentSeries(this.#options, tags, by, this.#options.clock.nowNs()));
  }

  /** Throws `not_found`, `unavailable`, `overloaded`. */
  async export(tag: string, span: Span): Promise<Export> {
    const { store, tail } = this.#options;
    const permit = await this.#exports.acquire();
    const gone = new AbortController();
    const close = () => {
      gone.abort();
      permit[Symbol.dispose]();
    };
    try {
      await this.#waitForTail();
      const pages = exportPages(this.#options, tag, span, gone.signal);
      const isKnown = tailOf(tail, tag).length > 0 || (await store.asOf(tag, [])) !== undefined;
      if (!isKnown) throw unknownTag(tag);
      return { pages, close };
    } catch (error) {
      close();
      throw error;
    }
  }

  get running(): { readonly queries: number; readonly exports: number } {
    return { queries: this.#queries.used, exports: this.#exports.used };
  }

  /** For `/status`. */
  status() {
    const { perSecond, p50, p99, max } = this.#queryMs.quantiles();
    return {
      queries: this.#queries.used,
      queries_per_second: perSecond,
      query_ms: { p50, p99: Math.ceil(p99), max: Math.ceil(max) },
      exports: this.#exports.used,
    };
  }

  #answer<T>(work: () => Promise<T>): Promise<T> {
    return this.#queries.use(async () => {
      const startedMs = performance.now();
      try {
        await this.#waitForTail();
        return await work();
      } finally {
        const ms = performance.now() - startedMs;
        this.#queryMs.add(ms);
        this.querySeconds.observe(ms / 1000);
      }
    });
  }

  /** Waits while a node that has just started reads up to the log's end, which is usually short. */
  async #waitForTail(): Promise<void> {
    const { tail, clock } = this.#options;
    const lateMs = clock.nowMs() + completeMsMax;
    while (!tail.isComplete && clock.nowMs() < lateMs) await sleep(clock, completePollMs);
  }
}

/** Refuses past the bound instead of queueing, because waiting queries take memory as well. */
function refusing(max: number, what: string): Semaphore {
  return new Semaphore(max, {
    waitingMax: 0,
    refusal: `Cannot answer: ${max} ${what} are under way on this node already`,
  });
}
