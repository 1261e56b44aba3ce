/**
 * Emitters as a service: made, looked up, appended to, ended, and asked for pages. The faces call
 * this; everything it needs comes in as a port.
 */
import { sleep, type Clock } from "../../core/clock.ts";
import {
  emittersTopic,
  type Emitter,
  type EmitterSource,
  type EmitterStats,
  type EmitterStore,
} from "../../core/emitters.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Appended } from "../../core/log.ts";
import type { Page, PageQuery } from "../../core/page.ts";
import type { Position } from "../../core/position.ts";
import { endType, type LogRecord } from "../../core/record.ts";
import { createEmitterCache } from "./cache.ts";
import { configFromRequest, createId, differingField } from "./config.ts";
import { emitterTailStart, readEmitterPage } from "./page.ts";
import { createGuests, type GuestsOptions, type GuestsStatus } from "./guests/guests.ts";

export interface EmittersOptions extends GuestsOptions {
  readonly store: EmitterStore;
}

export interface CreateRequest {
  /** Chosen by the caller; generated when left out. */
  readonly id?: string | undefined;
  /** `guest` when left out. */
  readonly source?: EmitterSource | undefined;
  /** Events per second of the guest, above 0 and at most 1,000; 2 when left out. */
  readonly rate?: number | undefined;
}

export interface EmittersStatus extends GuestsStatus {
  /** Emitters that this node knows without asking. */
  readonly cached: number;
}

export interface Emitters {
  /**
   * Idempotent under a chosen id. Throws `invalid`, or `conflict` naming the field when another
   * configuration stands under the id or the emitter has ended.
   */
  create(request: CreateRequest): Promise<{ readonly created: boolean; readonly emitter: Emitter }>;
  /** From this node's cache where it can. Throws `not_found`; an ended emitter is given. */
  get(id: string): Promise<Emitter>;
  /** What the projection knows of it, straight from the store. */
  stats(id: string): Promise<EmitterStats>;
  /** By id; `next` is the `after` of the later part, null at the end. */
  list(query: {
    readonly after?: string | undefined;
    readonly limit: number;
    readonly ended?: boolean | undefined;
  }): Promise<{ readonly emitters: readonly Emitter[]; readonly next: string | null }>;
  /** Appends under the emitter's key. Throws `not_found`, `ended`, and what the log throws. */
  append(id: string, records: readonly LogRecord[]): Promise<Appended>;
  /** Ends it for good; ending again answers the same. Throws `not_found`. */
  end(id: string): Promise<Emitter>;
  /** Every event acknowledged before the call is in the pages. Throws `not_found`, `position_gone`. */
  page(id: string, query: PageQuery, signal?: AbortSignal): Promise<Page>;
  /** The position after which the newest `n` events that the log still has lie. Throws `not_found`. */
  tailStart(id: string, n: number): Promise<Position | "earliest">;
  status(): EmittersStatus;
  /** Stops the guests, hands them back, and ends what runs in the background. */
  close(): Promise<void>;
}

/** How often a node looks for ends that other nodes made: below the second that is promised. */
const watchMs = 400;
/** Looks back further than any answer may be late, so that no end falls between two looks. */
const watchBackMs = 10_000;
/** Other nodes have seen an end by then, so that the end record is the last one of its key. */
const othersSeeMs = 900;
/** An end whose node died in between is finished by another. */
const unfinishedMs = 5_000;

export function createEmitters(options: EmittersOptions): Emitters {
  const { log, append, store, pages, leases, clock, logger } = options;
  const cache = createEmitterCache();
  const stopping = new AbortController();
  const guests = createGuests(options);
  const watching = watchEnds();

  async function get(id: string): Promise<Emitter> {
    const emitter = await cache.get(id, (id) => store.get(id));
    if (emitter === undefined) {
      throw new Failure(
        "not_found",
        `Cannot find emitter ${JSON.stringify(id)}: it was never made`,
      );
    }
    return emitter;
  }

  /** Appends the end record and keeps where it is; doing it twice stores it once. */
  async function finishEnd(id: string): Promise<Position> {
    const appended = await append(emittersTopic, [endRecord(id, clock)], { dedupId: `end:${id}` });
    await store.setEnd(id, appended.first);
    const emitter = cache.peek(id);
    if (emitter !== undefined) cache.set({ ...emitter, end: appended.first });
    return appended.first;
  }

  async function watchEnds(): Promise<void> {
    let looks = 0;
    while (!stopping.signal.aborted) {
      await sleep(clock, watchMs, stopping.signal);
      try {
        for (const id of await store.endedWithin(watchBackMs)) {
          guests.stop(id);
          const emitter = cache.peek(id);
          if (emitter !== undefined && emitter.endedMs === undefined) {
            cache.set({ ...emitter, endedMs: clock.nowMs() });
          }
        }
        if (++looks % 10 === 0) {
          for (const id of await store.unfinishedEnds(unfinishedMs, 100)) await finishEnd(id);
        }
      } catch (error) {
        const { code, message } = failureFrom(error);
        logger("debug", "looking for ended emitters failed", { code, reason: message });
      }
    }
  }

  return {
    get,
    stats: (id) => store.stats(id),
    status: () => ({ ...guests.status(), cached: cache.size }),

    async create(request) {
      const config = configFromRequest(request, () => createId());
      const node = config.source === "guest" ? guests.node() : undefined;
      const made = await store.create(config, node).catch((error: unknown) => {
        // It may have been made, and be this node's to run, without this node knowing.
        guests.uncertain();
        throw error;
      });
      const { created, emitter } = made;
      cache.set(emitter);
      if (created && node !== undefined) guests.start(emitter, node);
      if (created) return made;
      if (emitter.endedMs !== undefined) {
        throw conflict(
          "id",
          "ended",
          `Cannot make emitter "${config.id}": it has ended, expected another id`,
        );
      }
      const field = differingField(config, emitter);
      if (field === undefined) return made;
      throw conflict(
        field,
        "conflict",
        `Cannot make emitter "${config.id}" with ${field} ${JSON.stringify(config[field])}: it stands with ${JSON.stringify(emitter[field])}`,
      );
    },

    async list({ after, limit, ended = false }) {
      const range = { limit: limit + 1, ended };
      const found = await store.list(after === undefined ? range : { ...range, after });
      const emitters = found.slice(0, limit);
      const last = emitters.at(-1);
      return { emitters, next: found.length > limit && last !== undefined ? last.id : null };
    },

    async append(id, records) {
      const emitter = cache.peek(id) ?? (await get(id));
      if (emitter.endedMs !== undefined) {
        throw new Failure("ended", `Cannot append to emitter "${id}": it has ended`);
      }
      return await append(
        emittersTopic,
        records.map((record) => underKey(record, id)),
      );
    },

    async end(id) {
      const ended = await store.end(id);
      if (ended === undefined) return await get(id);
      cache.set(ended);
      guests.stop(id);
      if (ended.end !== undefined) return ended;
      if ((await leases.nodes()) > 1) await sleep(clock, othersSeeMs, stopping.signal);
      return { ...ended, end: await finishEnd(id) };
    },

    async page(id, query, signal) {
      await get(id);
      return await readEmitterPage({ log, pages }, id, query, signal);
    },

    async tailStart(id, n) {
      await get(id);
      return await emitterTailStart({ log, pages }, id, n);
    },

    async close() {
      stopping.abort();
      await Promise.all([guests.close(), watching]);
    },
  };
}

function underKey(record: LogRecord, key: string): LogRecord {
  if (record.contentType === endType) {
    throw new Failure("invalid", `Cannot append content type "${endType}": only Sluice itself may`);
  }
  return record.key === key ? record : { ...record, key };
}

function endRecord(id: string, clock: Clock): LogRecord {
  const timeNs = clock.nowNs();
  const at = new Date(Number(timeNs / 1_000_000n)).toISOString();
  return {
    value: new TextEncoder().encode(JSON.stringify({ emitter: id, ended: at })),
    key: id,
    contentType: endType,
    schemaId: 0,
    timeNs,
  };
}

function conflict(field: string, code: "conflict" | "ended", message: string): Failure {
  return new Failure("conflict", message, { errors: [{ field, code, message }] });
}
