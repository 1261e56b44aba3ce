/** Series as a service: every kind of answer, within the bounds of what is answered at once. */
import { sleep, type Clock } from "../../core/clock.ts";
import { nsPerMs, type MeasurementTail } from "./measurement.ts";
import { Recent } from "../../core/recent.ts";
import type { SeriesPoint, SeriesStore, Span } from "./series-port.ts";
import { exportPages } from "./query/export.ts";
import { listSeries, type ListQuery, type SeriesPage } from "./query/list.ts";
import {
  querySeries,
  readSamples,
  tailOf,
  unknownTag,
  type Samples,
  type SamplesQuery,
  type SeriesQuery,
  type SeriesSample,
} from "./query/query.ts";
import { Semaphore } from "../../core/semaphore.ts";

export interface SeriesOptions {
  readonly store: SeriesStore;
  readonly tail: MeasurementTail;
  readonly clock: Clock;
  /** How long measurements are kept. */
  readonly retentionMs: number;
  /** Queries at once; more are refused as `overloaded`. */
  readonly queriesMax: number;
}

export interface Export {
  readonly pages: AsyncIterable<readonly SeriesPoint[]>;
  /** Gives the slot back, and ends the reading; to be called once it is over, however it ends. */
  close(): void;
}

/** How long an answer waits for the tail; past it, it is refused. */
const completeMsMax = 2000;
const completePollMs = 20;
/** Each of them renders and sends as fast as its reader takes it. */
const exportsMax = 8;

export class Series {
  readonly #options: SeriesOptions;
  readonly #queries: Semaphore;
  readonly #exports = refusing(exportsMax, "exports");
  readonly #queryMs: Recent;

  constructor(options: SeriesOptions) {
    this.#options = options;
    this.#queries = refusing(options.queriesMax, "queries of series");
    this.#queryMs = new Recent(options.clock);
  }

  /** Where the measurements that are kept begin. */
  get oldestNs(): bigint {
    const { clock, retentionMs } = this.#options;
    return clock.nowNs() - BigInt(retentionMs) * nsPerMs;
  }

  /** As `readSamples`; `overloaded` when too much is asked at once. */
  samples(query: SamplesQuery): Promise<Samples> {
    return this.#answer(() => readSamples(this.#options, query));
  }

  /** As `querySeries`; `overloaded` when too much is asked at once. */
  query(query: SeriesQuery): Promise<SeriesSample[]> {
    return this.#answer(() => querySeries(this.#options, query));
  }

  /** As `listSeries`; `overloaded` when too much is asked at once. */
  list(query: ListQuery): Promise<SeriesPage> {
    return this.#answer(() => listSeries(this.#options, query, this.#options.clock.nowNs()));
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
      await this.#tailIsComplete();
      const pages = exportPages(this.#options, tag, span, gone.signal);
      const isKnown = tailOf(tail, tag).length > 0 || (await store.asOf(tag, [])) !== undefined;
      if (!isKnown) throw unknownTag(tag);
      return { pages, close };
    } catch (error) {
      close();
      throw error;
    }
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
        await this.#tailIsComplete();
        return await work();
      } finally {
        this.#queryMs.add(performance.now() - startedMs);
      }
    });
  }

  /** A node that has just started reads up to the log's end first: mostly that is a moment. */
  async #tailIsComplete(): Promise<void> {
    const { tail, clock } = this.#options;
    const lateMs = clock.nowMs() + completeMsMax;
    while (!tail.isComplete && clock.nowMs() < lateMs) await sleep(clock, completePollMs);
  }
}

/** More is refused, not queued behind: what waits for the store is the same memory again. */
function refusing(max: number, what: string): Semaphore {
  return new Semaphore(max, {
    waitingMax: 0,
    refusal: `Cannot answer: ${max} ${what} are under way on this node already`,
  });
}
