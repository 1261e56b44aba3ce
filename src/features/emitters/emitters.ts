/**
 * Emitters as a service: created, found, ended, and read in pages; what it needs comes in through ports.
 * The protocols call this. They append through `Ingest`, after `requireActive`.
 */

import type { Caller } from "../../core/access/caller.ts";
import { allNames, type GrantedNames } from "../../core/access/grant.ts";
import { Quota } from "../../core/budget/quota.ts";
import { sleep } from "../../core/clock.ts";
import type { EmitterSource } from "../../core/emitters.ts";
import { Failure } from "../../core/failure.ts";
import { cutList, type Page, type PageQuery } from "../../core/page.ts";
import type { Position } from "../../core/position.ts";
import type { PageCaller, Pages } from "../../log/pages.ts";
import { createEmitterCache, type EmitterCache } from "./cache.ts";
import { createId } from "./create-id.ts";
import { differingField, emitterFromRequest, type RequestedEmitter } from "./emitter-request.ts";
import type { Emitter, EmitterStats, EmitterStore } from "./emitters-port.ts";
import { EndWatcher } from "./end-watcher.ts";
import { Guests, type GuestsOptions, type GuestsStatus } from "./guests/guests.ts";
import { emitterTailStart, readEmitterPage } from "./page.ts";

export interface EmittersDeps extends GuestsOptions {
  readonly store: EmitterStore;
  readonly bounds: EmitterBounds;
  /** What looks for events that are no rows yet. */
  readonly searches: Pick<Pages, "search" | "bytesMax">;
}

/** How many there may be on all nodes together. */
export interface EmitterBounds {
  /** Ended emitters count until their rows are dropped. */
  readonly emittersMax: number;
  /** Events per second of all guests. */
  readonly guestRateMax: number;
}

export interface CreateRequest {
  /** Chosen by the caller; generated when left out. */
  readonly id?: string | undefined;
  /** `guest` when left out. */
  readonly source?: EmitterSource | undefined;
  /** Events per second of the guest, above 0 and at most 1,000; 2 when left out. */
  readonly rate?: number | undefined;
}

export interface CreatedEmitter {
  readonly created: boolean;
  readonly emitter: Emitter;
}

export interface EmittersStatus extends GuestsStatus {
  /** Number of emitters in this node's cache. */
  readonly cached: number;
  /** Number of emitters on all nodes, ended ones included until their rows are dropped. */
  readonly count: number | undefined;
  readonly max: number;
  /** Events per second of all guests on all nodes. */
  readonly guestRate: number | undefined;
  readonly guestRateMax: number;
}

/** The row of an emitter remains for longer than this after its end. */
const endKnownMs = 1_800_000;
/** Other nodes have seen an end by then, so that the end record is the last one of its key. */
const othersSeeMs = 900;

export class Emitters {
  readonly #options: EmittersDeps;
  readonly #cache: EmitterCache = createEmitterCache();
  readonly #stopping = new AbortController();
  readonly #guests: Guests;
  readonly #ends: EndWatcher;
  readonly #quota: Quota;
  readonly #guestQuota: Quota;

  constructor(options: EmittersDeps) {
    this.#options = options;
    const { store, clock, bounds } = options;
    this.#quota = new Quota({
      what: "emitters",
      max: bounds.emittersMax,
      setting: "SLUICE_EMITTERS_MAX",
      clock,
      count: () => store.count(),
    });
    this.#guestQuota = new Quota({
      what: "events per second of guests",
      max: bounds.guestRateMax,
      setting: "SLUICE_GUEST_RATE_MAX",
      clock,
      count: () => store.guestRate(),
    });
    this.#guests = new Guests(options);
    this.#ends = new EndWatcher({
      ...options,
      cache: this.#cache,
      signal: this.#stopping.signal,
      onEnded: (id) => this.#guests.stop(id),
    });
  }

  /**
   * Idempotent under a chosen id. Throws `invalid`; or `conflict` naming the field when the id
   * exists with another configuration or has ended; or `overloaded` past the number of emitters or the
   * sum of their guests' rates.
   */
  async create(request: CreateRequest, by?: Caller): Promise<CreatedEmitter> {
    const requested = emitterFromRequest(request, createId);
    const existing =
      request.id === undefined ? undefined : await this.#options.store.get(requested.id);
    if (existing !== undefined) {
      this.#cache.set(existing);
      requireEqual(requested, existing);
      return { created: false, emitter: existing };
    }
    by?.allowance?.create("emitters");
    await this.#admit(requested);
    const node = requested.source === "guest" ? this.#guests.node() : undefined;
    const result = await this.#options.store.create(requested, node).catch((error: unknown) => {
      // The store may have created it and assigned its guest to this node all the same.
      this.#guests.markUncertain();
      throw error;
    });
    const { created, emitter } = result;
    this.#cache.set(emitter);
    if (!created) {
      this.#quota.release();
      this.#guestQuota.release(requested.rate);
      requireEqual(requested, emitter);
    } else if (node !== undefined) this.#guests.start(emitter, node);
    return result;
  }

  async #admit({ id, rate }: RequestedEmitter): Promise<void> {
    const action = `Cannot create emitter "${id}"`;
    await this.#quota.admit(action);
    if (rate === 0) return;
    try {
      await this.#guestQuota.admit(`${action} with ${rate} events per second`, rate);
    } catch (error) {
      this.#quota.release();
      throw error;
    }
  }

  /** From this node's cache where it can. Ended emitters are returned. Throws `not_found`. */
  async get(id: string): Promise<Emitter> {
    const endedMs = this.#cache.peek(id)?.endedMs;
    // Its row may be dropped by now, and the id be another emitter's.
    if (endedMs !== undefined && endedMs < this.#options.clock.nowMs() - endKnownMs) {
      this.#cache.drop(id);
    }
    const emitter = await this.#cache.get(id, (id) => this.#options.store.get(id));
    if (emitter !== undefined) return emitter;
    throw new Failure(
      "not_found",
      `Cannot find emitter ${JSON.stringify(id)}: it does not exist, create it with PUT /log/${id}`,
    );
  }

  /** What the projection knows of it, straight from the store. */
  stats(id: string): Promise<EmitterStats> {
    return this.#options.store.stats(id);
  }

  /** Those of `names`, by id. `next` is the `after` of the following part, null at the end. */
  async list(
    {
      after,
      limit,
      ended = false,
      q,
    }: {
      readonly after?: string | undefined;
      readonly limit: number;
      readonly ended?: boolean | undefined;
      /** What the ids contain. */
      readonly q?: string | undefined;
    },
    names: GrantedNames,
  ): Promise<{ readonly emitters: readonly Emitter[]; readonly next: string | null }> {
    const range = after === undefined ? { limit: limit + 1 } : { after, limit: limit + 1 };
    const found = await this.#options.store.list({ ...range, ended, q, names });
    const { items: emitters, last } = cutList(found, limit);
    return { emitters, next: last?.id ?? null };
  }

  /** A hundred of those that have not ended, for the gateway itself. */
  async idsAfter(after: string | undefined): Promise<readonly string[]> {
    const { emitters } = await this.list({ after, limit: 100 }, allNames);
    return emitters.map(({ id }) => id);
  }

  /** Ends it permanently; a repeated call returns the same. Throws `not_found`. */
  async end(id: string): Promise<Emitter> {
    const { store, leases, clock } = this.#options;
    const ended = await store.end(id);
    if (ended === undefined) return await this.get(id);
    this.#cache.set(ended);
    this.#guests.stop(id);
    if (ended.end === undefined) this.#guestQuota.release(ended.rate);
    if (ended.end !== undefined) return ended;
    if ((await leases.nodes()) > 1) await sleep(clock, othersSeeMs, this.#stopping.signal);
    return { ...ended, end: await this.#ends.finish(id) };
  }

  /** Has every event acknowledged before the call. Throws `not_found`, `position_gone`. */
  async page(id: string, query: PageQuery, caller: PageCaller = {}): Promise<Page> {
    await this.get(id);
    return await readEmitterPage(this.#options, id, query, caller);
  }

  /** The position before the newest `n` events that the log still has. Throws `not_found`. */
  async tailStart(id: string, n: number, signal?: AbortSignal): Promise<Position | "earliest"> {
    await this.get(id);
    return await emitterTailStart(this.#options, id, n, signal);
  }

  status(): EmittersStatus {
    const { count, max } = this.#quota.status();
    const rates = this.#guestQuota.status();
    return {
      ...this.#guests.status(),
      cached: this.#cache.size,
      count,
      max,
      guestRate: rates.count,
      guestRateMax: rates.max,
    };
  }

  /** Stops the guests, gives them back, and stops all background work. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#guests.close(), this.#ends.done]);
  }
}

/** Throws `conflict` unless the existing emitter is open and has the requested configuration. */
function requireEqual(requested: RequestedEmitter, existing: Emitter): void {
  if (existing.endedMs !== undefined) {
    throw conflict(
      "id",
      "ended",
      `Cannot create emitter "${requested.id}": it has ended, expected another id`,
    );
  }
  const field = differingField(requested, existing);
  if (field === undefined) return;
  throw conflict(
    `/${field}`,
    "conflict",
    `Cannot create emitter "${requested.id}" with ${field} ${JSON.stringify(requested[field])}: it exists with ${JSON.stringify(existing[field])}`,
  );
}

function conflict(field: string, code: "conflict" | "ended", message: string): Failure {
  return new Failure("conflict", message, { errors: [{ field, code, message }] });
}
